import { describe, expect, it } from "vitest";
import { apart, draw, neighbour, type GraphNode } from "./layers";

const SIZES = { width: 100, height: 40, gapX: 50, gapY: 10 };
const node = (id: string, ...needs: string[]): GraphNode => ({ id, needs });
const boxOf = (nodes: readonly GraphNode[], id: string) => draw(nodes, SIZES).boxes.find((box) => box.id === id);

describe("draw", () => {
  it("puts each node behind all that it needs", () => {
    const nodes = [node("c", "a", "b"), node("b", "a"), node("a")];

    expect(["a", "b", "c"].map((id) => boxOf(nodes, id)?.x)).toEqual([0, 150, 300]);
  });

  it("puts a source just before what is made of it", () => {
    const nodes = [node("a"), node("b", "a"), node("late"), node("c", "b", "late")];

    expect(boxOf(nodes, "late")?.layer).toBe(1);
  });

  it("lets no two boxes of a column touch", () => {
    const nodes = [...Array(12).keys()].map((n) => (n < 3 ? node(`${n}`) : node(`${n}`, `${n % 3}`, `${(n * 7) % 3}`)));
    const { boxes, height } = draw(nodes, SIZES);

    for (const a of boxes) for (const b of boxes) if (a !== b && a.layer === b.layer) expect(Math.abs(a.y - b.y)).toBeGreaterThanOrEqual(50 - 1e-6);
    expect(Math.min(...boxes.map((box) => box.y))).toBeCloseTo(0);
    expect(height).toBeCloseTo(Math.max(...boxes.map((box) => box.y + 40)));
  });

  it("uncrosses edges", () => {
    const nodes = [node("a"), node("b"), node("c", "b"), node("d", "a")];
    const y = (id: string): number => boxOf(nodes, id)?.y ?? NaN;

    expect(y("a") < y("b")).toBe(y("d") < y("c"));
    expect(y("d")).toBeCloseTo(y("a"));
  });

  it("leads long edges past the boxes between", () => {
    const nodes = [node("a"), node("b", "a"), node("c", "a", "b")];
    const { edges, boxes } = draw(nodes, SIZES);
    const long = edges.find((edge) => edge.from === "a" && edge.to === "c");
    const between = boxes.find((box) => box.id === "b");
    const passes = Number(/ ([\d.]+)H250/.exec(long?.path ?? "")?.[1]);

    expect(between && (passes < between.y || passes > between.y + 40)).toBe(true);
  });

  it("leaves out what closes a cycle and what is not there", () => {
    const { edges, boxes } = draw([node("a", "b", "gone"), node("b", "a", "b")], SIZES);

    expect(edges.map(({ from, to }) => from + to)).toEqual(["ba"]);
    expect(boxes.map((box) => box.layer)).toEqual([1, 0]);
  });

  it("draws nothing of nothing", () => {
    expect(draw([], SIZES)).toEqual({ boxes: [], edges: [], width: 0, height: 0 });
  });

  it("takes a long chain", () => {
    const nodes = [...Array(3_000).keys()].map((n) => node(`${n}`, ...(n ? [`${n - 1}`] : []))).reverse();

    expect(draw(nodes, SIZES).width).toBe(3_000 * 150 - 50);
  });
});

describe("apart", () => {
  it("keeps what is far enough apart", () => {
    expect(apart([0, 100, 250], [40, 40, 40])).toEqual([0, 100, 250]);
  });

  it("moves as little as possible", () => {
    expect(apart([10, 10], [40, 40])).toEqual([-10, 30]);
    expect(apart([50, 0, 500], [40, 40, 40])).toEqual([5, 45, 500]);
  });
});

describe("neighbour", () => {
  const drawing = draw([node("a"), node("b"), node("c", "a", "b")], SIZES);

  it("goes along edges and within a column", () => {
    expect(neighbour(drawing, "a", "ArrowRight")).toBe("c");
    expect(neighbour(drawing, "c", "ArrowLeft")).toBe("a");
    expect([neighbour(drawing, "a", "ArrowDown"), neighbour(drawing, "b", "ArrowUp")]).toEqual(["b", "a"]);
    expect(neighbour(drawing, "a", "ArrowUp")).toBeUndefined();
    expect(neighbour(drawing, "a", "Enter")).toBeUndefined();
  });
});
