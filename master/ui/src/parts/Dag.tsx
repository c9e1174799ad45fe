/** A graph without cycles, drawn. Whoever uses it shows the same in a table, too. */

import { useEffect, useId, useMemo, useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import { shortened } from "../lib/graph";
import { draw, neighbour, type GraphNode } from "../lib/layers";
import { SIGNS, type Look } from "../lib/results";
import { text } from "../text";

export interface DagNode extends GraphNode {
  readonly title: string;
  readonly subtitle: string;
  readonly look: Look;
  /** What the look means here. */
  readonly state: string;
}

/** More boxes than these say nothing to anybody. */
const MOST = 150;
const SIZES = { width: 190, height: 46, gapX: 44, gapY: 14 };
const LETTERS = 24;
const MARGIN = 4;

/** @param onOpen a box was chosen, with the mouse or the keyboard */
export function Dag({ nodes, label, onOpen, chosen }: { nodes: readonly DagNode[]; label: string; onOpen: (id: string) => void; chosen?: string }): ReactNode {
  const drawing = useMemo(() => draw(nodes.length > MOST ? [] : nodes, SIZES), [nodes]);
  const byId = useMemo(() => new Map(nodes.map((node) => [node.id, node])), [nodes]);
  const [current, setCurrent] = useState("");
  const svg = useRef<SVGSVGElement>(null);
  useEffect(() => {
    // on a small screen most of it is out of sight
    const box = drawing.boxes.find((one) => one.id === chosen);
    const frame = svg.current?.parentElement;
    if (box && frame) frame.scrollTo({ left: box.x + SIZES.width / 2 - frame.clientWidth / 2, top: box.y + SIZES.height / 2 - frame.clientHeight / 2 });
  }, [drawing, chosen]);
  const help = useId();
  if (nodes.length > MOST) return <p className="muted">{text.graph.tooLarge(nodes.length)}</p>;
  // one stop of the Tab key; arrow keys go on from there
  const first = byId.has(current) ? current : chosen && byId.has(chosen) ? chosen : (drawing.boxes.find((box) => box.layer === 0) ?? drawing.boxes[0])?.id;
  const onKey = (event: KeyboardEvent, id: string): void => {
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      onOpen(id);
      return;
    }
    const next = neighbour(drawing, id, event.key);
    if (next === undefined) return;
    event.preventDefault();
    setCurrent(next);
    [...(svg.current?.querySelectorAll<SVGGElement>("[data-id]") ?? [])].find((one) => one.dataset["id"] === next)?.focus();
  };
  return (
    <>
      <div className="dag">
        <svg
          ref={svg}
          role="group"
          aria-label={label}
          aria-describedby={help}
          width={drawing.width + 2 * MARGIN}
          height={drawing.height + 2 * MARGIN}
          viewBox={`${-MARGIN} ${-MARGIN} ${drawing.width + 2 * MARGIN} ${drawing.height + 2 * MARGIN}`}
        >
          {drawing.edges.map((edge) => (
            <path key={`${edge.from} ${edge.to}`} d={edge.path} className={edge.from === current || edge.to === current ? "dag-edge near" : "dag-edge"} />
          ))}
          {drawing.boxes.map(({ id, x, y }) => {
            const node = byId.get(id);
            return (
              node && (
                <g
                  key={id}
                  data-id={id}
                  role="button"
                  aria-pressed={chosen === undefined ? undefined : id === chosen}
                  tabIndex={id === first ? 0 : -1}
                  transform={`translate(${x} ${y})`}
                  className={`dag-box ${node.look}`}
                  onClick={() => {
                    setCurrent(id);
                    onOpen(id);
                  }}
                  onFocus={() => setCurrent(id)}
                  onKeyDown={(event) => onKey(event, id)}
                >
                  <title>{[node.title, node.state, node.subtitle].filter(Boolean).join(", ")}</title>
                  <rect width={SIZES.width} height={SIZES.height} rx="7" className="dag-ground" />
                  <rect width="5" height={SIZES.height - 12} x="6" y="6" rx="2.5" className="dag-mark" />
                  <text x="20" y="19" className="dag-title">
                    {shortened(node.title, LETTERS)}
                  </text>
                  <text x="20" y="36" className="dag-subtitle">
                    {SIGNS[node.look]} {shortened([node.state, node.subtitle].filter(Boolean).join(" · "), LETTERS + 2)}
                  </text>
                </g>
              )
            );
          })}
        </svg>
      </div>
      <p id={help} className="muted small">
        {text.graph.drawnHelp}
      </p>
    </>
  );
}
