/** A chart, with the same as a table. Loaded when a page has one. */

import { useEffect, useRef, type ReactNode } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { text } from "../text";
import { Table } from "./ListPage";

export interface Series {
  readonly label: string;
  readonly values: readonly (number | null)[];
  /** One of the colours of results. */
  readonly colour: "good" | "bad" | "run";
}

interface ChartProps {
  /** What is shown, in a sentence. */
  readonly told: string;
  /** Where each value stands: instants, or numbers of builds. */
  readonly places: readonly number[];
  readonly series: readonly Series[];
  readonly placeLabel: string;
  readonly placeText: (place: number) => string;
  readonly valueText: (value: number) => string;
  readonly kind: "bars" | "line";
  readonly isTime?: boolean;
  /** What may lie between two marks of the upright axis. */
  readonly steps: readonly number[];
  /** The greatest value; else that of the series. */
  readonly top?: number;
}

const HEIGHT = 170;

export default function Chart(props: ChartProps): ReactNode {
  const place = useRef<HTMLDivElement>(null);
  const { told, places, series, placeLabel, placeText, valueText } = props;
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    let plot = plotOf(element, props);
    const anew = (): void => {
      plot.destroy();
      plot = plotOf(element, props);
    };
    const sized = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: HEIGHT }));
    sized.observe(element);
    // colours are read when it is drawn
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", anew);
    const theme = new MutationObserver(anew);
    theme.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    return () => {
      sized.disconnect();
      scheme.removeEventListener("change", anew);
      theme.disconnect();
      plot.destroy();
    };
  }, [props]);
  const rows = places.map((at, index) => ({ at, index })).reverse();
  return (
    <figure className="chart">
      <figcaption className="muted">{told}</figcaption>
      <div ref={place} role="img" aria-label={told} />
      <details>
        <summary>{text.charts.table}</summary>
        <div className="scroll chart-table" role="region" aria-label={text.charts.table} tabIndex={0}>
          <Table
            rows={rows}
            keyOf={({ index }) => index}
            columns={[
              { label: placeLabel, cell: ({ at }) => placeText(at) },
              ...series.map(({ label, values }) => ({
                label,
                cell: ({ index }: { index: number }) => {
                  const value = values[index];
                  return value === null || value === undefined ? "" : valueText(value);
                },
              })),
            ]}
          />
        </div>
      </details>
    </figure>
  );
}

const MINUTE = 60;
const DAY = 86_400;
const TIMES = [1, 5, 10, 15, 30, 60, 120, 180, 360, 720].map((minutes) => minutes * MINUTE).concat([1, 2, 7, 14, 28].map((days) => days * DAY));
const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const DATE = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });

/** Instants on an axis: the time of the day, and where a day begins the date. */
function timeText(at: number): string {
  const date = new Date(at * 1000);
  return date.getHours() === 0 && date.getMinutes() === 0 ? DATE.format(date) : CLOCK.format(date);
}

function plotOf(element: HTMLElement, { places, series, placeText, valueText, steps, kind, isTime = false, top }: ChartProps): uPlot {
  const style = getComputedStyle(element);
  const colours = { good: "--good", bad: "--bad", run: "--run" };
  const resolved = (name: string): string => colourOf(element, style.getPropertyValue(name));
  const axis = { stroke: resolved("--muted"), grid: { stroke: resolved("--line"), width: 1 }, ticks: { stroke: resolved("--line"), width: 1 }, font: "12px system-ui, sans-serif" };
  const bars = kind === "bars" ? { paths: uPlot.paths.bars?.({ size: [0.7, 24] }) as uPlot.Series.PathBuilder, points: { show: false } } : { points: { show: true, size: 6 } };
  return new uPlot(
    {
      width: element.clientWidth,
      height: HEIGHT,
      legend: { show: false },
      cursor: { show: false },
      scales: {
        x: { time: isTime, range: (_, from, to) => (isTime ? [from, to] : [from - 0.5, to + 0.5]) },
        y: { range: (_, __, most) => [0, top ?? Math.max(1, most) * 1.05] },
      },
      axes: [
        { ...axis, space: 70, incrs: isTime ? TIMES : [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000], values: (_, all) => all.map(isTime ? timeText : placeText) },
        { ...axis, size: 64, incrs: [...steps], values: (_, all) => all.map(valueText) },
      ],
      series: [
        {},
        ...series.map(({ label, colour }) => {
          const stroke = resolved(colours[colour]);
          return { label, stroke, ...(kind === "bars" ? { fill: stroke } : {}), width: kind === "bars" ? 0 : 2, spanGaps: true, ...bars };
        }),
      ],
    },
    [places, ...series.map(({ values }) => values)] as uPlot.AlignedData,
    element,
  );
}

/** A canvas knows no `light-dark()`: have the browser resolve it. */
function colourOf(element: HTMLElement, value: string): string {
  const before = element.style.color;
  element.style.color = value;
  const resolved = getComputedStyle(element).color;
  element.style.color = before;
  return resolved;
}
