/**
 * A layered drawing of a graph without cycles: what comes first stands on the left, edges go to the right.
 *
 * The four steps are the usual ones (layers by the longest way, places within a layer by the mean place of the neighbours,
 * heights as near to those of the neighbours as boxes allow, edges along places that are kept free for them).
 */

export interface GraphNode {
  readonly id: string;
  /** Ids of what comes before it; ids that are not there, and those of an edge that would close a cycle, are left out. */
  readonly needs: readonly string[];
}

export interface Box {
  readonly id: string;
  /** The column, and the place in it, from 0. */
  readonly layer: number;
  readonly place: number;
  readonly x: number;
  readonly y: number;
}

export interface Edge {
  readonly from: string;
  readonly to: string;
  /** As the attribute `d` of an SVG path. */
  readonly path: string;
}

export interface Drawing {
  readonly boxes: readonly Box[];
  readonly edges: readonly Edge[];
  readonly width: number;
  readonly height: number;
}

export interface Sizes {
  readonly width: number;
  readonly height: number;
  /** Between columns, and between boxes of a column. */
  readonly gapX: number;
  readonly gapY: number;
}

const SWEEPS = 6;
/** How much of a box's height an edge takes that passes a column. */
const THIN = 0.25;

interface Vertex {
  readonly id: string;
  readonly isBox: boolean;
  readonly layer: number;
  before: Vertex[];
  after: Vertex[];
  place: number;
  y: number;
}

/** Draw it. */
export function draw(nodes: readonly GraphNode[], sizes: Sizes): Drawing {
  const needs = withoutCycles(nodes);
  const layerOf = layersOf(nodes, needs);
  const columns: Vertex[][] = [];
  const vertices = new Map<string, Vertex>();
  const add = (id: string, layer: number, isBox: boolean): Vertex => {
    const column = (columns[layer] ??= []);
    const vertex: Vertex = { id, isBox, layer, before: [], after: [], place: column.length, y: 0 };
    column.push(vertex);
    return vertex;
  };
  for (const { id } of nodes) vertices.set(id, add(id, layerOf.get(id) ?? 0, true));
  const chains: Vertex[][] = [];
  for (const { id } of nodes)
    for (const need of needs.get(id) ?? []) {
      const from = vertices.get(need);
      const to = vertices.get(id);
      if (!from || !to) continue;
      const chain = [from];
      for (let layer = from.layer + 1; layer < to.layer; layer++) chain.push(add("", layer, false));
      chain.push(to);
      chain.slice(1).forEach((vertex, index) => {
        const previous = chain[index] as Vertex;
        previous.after.push(vertex);
        vertex.before.push(previous);
      });
      chains.push(chain);
    }
  order(columns);
  settle(columns, sizes);
  const xOf = (vertex: Vertex): number => vertex.layer * (sizes.width + sizes.gapX);
  const boxes = [...vertices.values()].map((vertex) => ({ id: vertex.id, layer: vertex.layer, place: vertex.place, x: xOf(vertex), y: vertex.y }));
  return {
    boxes,
    edges: chains.map((chain) => ({ from: (chain[0] as Vertex).id, to: (chain[chain.length - 1] as Vertex).id, path: pathOf(chain, xOf, sizes) })),
    width: Math.max(0, columns.length * (sizes.width + sizes.gapX) - sizes.gapX),
    height: columns.flat().reduce((most, vertex) => Math.max(most, vertex.y + heightOf(vertex, sizes)), 0),
  };
}

/** What each node needs, without edges that lead back and to nowhere. */
function withoutCycles(nodes: readonly GraphNode[]): Map<string, string[]> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const kept = new Map<string, string[]>();
  const open = new Set<string>();
  for (const { id: root } of nodes) {
    if (kept.has(root)) continue;
    // no recursion: chains may be long
    const stack: { id: string; left: string[]; kept: string[] }[] = [];
    const enter = (id: string): void => {
      open.add(id);
      const left = [...new Set(byId.get(id)?.needs)].filter((need) => byId.has(need));
      stack.push({ id, left: left.reverse(), kept: [] });
    };
    enter(root);
    for (let top = stack[stack.length - 1]; top; top = stack[stack.length - 1]) {
      const need = top.left.pop();
      if (need === undefined) {
        kept.set(top.id, top.kept);
        open.delete(top.id);
        stack.pop();
      } else if (!open.has(need)) {
        top.kept.push(need);
        if (!kept.has(need)) enter(need);
      }
    }
  }
  return kept;
}

/** The column of each node: one behind the last of what it needs. What needs nothing stands just before what needs it. */
function layersOf(nodes: readonly GraphNode[], needs: ReadonlyMap<string, readonly string[]>): Map<string, number> {
  const layers = new Map<string, number>();
  const users = new Map<string, string[]>();
  const missing = new Map<string, number>();
  for (const { id } of nodes) {
    const needed = needs.get(id) ?? [];
    missing.set(id, needed.length);
    for (const need of needed) {
      const known = users.get(need);
      if (known) known.push(id);
      else users.set(need, [id]);
    }
  }
  const ready = nodes.filter(({ id }) => missing.get(id) === 0).map(({ id }) => id);
  for (let id = ready.shift(); id !== undefined; id = ready.shift()) {
    layers.set(id, Math.max(-1, ...(needs.get(id) ?? []).map((need) => layers.get(need) ?? 0)) + 1);
    for (const user of users.get(id) ?? []) {
      const left = (missing.get(user) ?? 0) - 1;
      missing.set(user, left);
      if (left === 0) ready.push(user);
    }
  }
  for (const { id } of nodes) {
    const after = users.get(id);
    if (after && needs.get(id)?.length === 0) layers.set(id, Math.min(...after.map((user) => layers.get(user) ?? 1)) - 1);
  }
  return layers;
}

/** Change places within columns so that fewer edges cross. */
function order(columns: Vertex[][]): void {
  let best = columns.map((column) => [...column]);
  let fewest = crossings(columns);
  for (let sweep = 0; sweep < SWEEPS && fewest > 0; sweep++) {
    const isForward = sweep % 2 === 0;
    for (const column of isForward ? columns : [...columns].reverse()) {
      const wanted = new Map(column.map((vertex) => [vertex, mean(isForward ? vertex.before : vertex.after, (one) => one.place) ?? vertex.place]));
      column.sort((a, b) => (wanted.get(a) ?? 0) - (wanted.get(b) ?? 0) || a.place - b.place);
      column.forEach((vertex, place) => (vertex.place = place));
    }
    const now = crossings(columns);
    if (now < fewest) {
      fewest = now;
      best = columns.map((column) => [...column]);
    }
  }
  best.forEach((column, index) => {
    columns[index] = column;
    column.forEach((vertex, place) => (vertex.place = place));
  });
}

function mean(vertices: readonly Vertex[], value: (vertex: Vertex) => number): number | undefined {
  return vertices.length ? vertices.reduce((sum, vertex) => sum + value(vertex), 0) / vertices.length : undefined;
}

/** How many pairs of edges between neighbouring columns cross. */
function crossings(columns: readonly (readonly Vertex[])[]): number {
  let found = 0;
  for (const column of columns) {
    const ends: number[] = [];
    for (const vertex of column) {
      const places = vertex.after.map((one) => one.place).sort((a, b) => a - b);
      for (const place of places) found += ends.filter((end) => end > place).length;
      ends.push(...places);
    }
  }
  return found;
}

function heightOf(vertex: Vertex, sizes: Sizes): number {
  return vertex.isBox ? sizes.height : sizes.height * THIN;
}

/** Give each vertex its height: as near to its neighbours as the others of its column let it. */
function settle(columns: readonly (readonly Vertex[])[], sizes: Sizes): void {
  const middle = (vertex: Vertex): number => vertex.y + heightOf(vertex, sizes) / 2;
  for (const column of columns) {
    let y = 0;
    for (const vertex of column) {
      vertex.y = y;
      y += heightOf(vertex, sizes) + sizes.gapY;
    }
  }
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const isForward = sweep % 2 === 0;
    for (const column of isForward ? columns : [...columns].reverse()) {
      const wanted = column.map((vertex) => (mean(isForward ? vertex.before : vertex.after, middle) ?? middle(vertex)) - heightOf(vertex, sizes) / 2);
      const placed = apart(wanted, column.map((vertex) => heightOf(vertex, sizes) + sizes.gapY));
      column.forEach((vertex, index) => (vertex.y = placed[index] ?? 0));
    }
  }
  const all = columns.flat();
  const top = all.reduce((least, vertex) => Math.min(least, vertex.y), Infinity);
  for (const vertex of all) vertex.y -= top;
}

/**
 * The values nearest to those that are wanted (by the sum of squares) in which each is greater than the one before by the
 * room that that one takes.
 */
export function apart(wanted: readonly number[], rooms: readonly number[]): number[] {
  const offsets: number[] = [];
  let room = 0;
  wanted.forEach((_, index) => {
    offsets.push(room);
    room += rooms[index] ?? 0;
  });
  // without the offsets the values must not fall: neighbours that do are pooled at their mean
  const pools: { sum: number; size: number }[] = [];
  wanted.forEach((value, index) => {
    let pool = { sum: value - (offsets[index] ?? 0), size: 1 };
    for (let last = pools[pools.length - 1]; last && last.sum / last.size > pool.sum / pool.size; last = pools[pools.length - 1]) {
      pool = { sum: last.sum + pool.sum, size: last.size + pool.size };
      pools.pop();
    }
    pools.push(pool);
  });
  return pools.flatMap(({ sum, size }) => Array<number>(size).fill(sum / size)).map((value, index) => value + (offsets[index] ?? 0));
}

/** A line through the vertices, flat where it leaves and where it arrives. */
function pathOf(chain: readonly Vertex[], xOf: (vertex: Vertex) => number, sizes: Sizes): string {
  const points = chain.map((vertex) => {
    const y = round(vertex.y + heightOf(vertex, sizes) / 2);
    const left = xOf(vertex);
    return { left, right: left + sizes.width, y };
  });
  const [first, ...rest] = points;
  if (!first) return "";
  let path = `M${first.right} ${first.y}`;
  let { right: x, y } = first;
  rest.forEach((point, index) => {
    const bend = (point.left - x) / 2;
    path += `C${x + bend} ${y} ${point.left - bend} ${point.y} ${point.left} ${point.y}`;
    const isLast = index === rest.length - 1;
    if (!isLast) path += `H${point.right}`;
    ({ y } = point);
    x = point.right;
  });
  return path;
}

const round = (value: number): number => Math.round(value * 10) / 10;

/** Where an arrow key leads from a box: along an edge, or to the next box of the column; undefined where it ends. */
export function neighbour(drawing: Drawing, id: string, key: string): string | undefined {
  const box = drawing.boxes.find((one) => one.id === id);
  if (!box) return undefined;
  const nearest = (ids: readonly string[]): string | undefined =>
    drawing.boxes.filter((one) => ids.includes(one.id)).sort((a, b) => Math.abs(a.y - box.y) - Math.abs(b.y - box.y))[0]?.id;
  const inColumn = drawing.boxes.filter((one) => one.layer === box.layer).sort((a, b) => a.place - b.place);
  const at = inColumn.indexOf(box);
  switch (key) {
    case "ArrowLeft":
      return nearest(drawing.edges.filter((edge) => edge.to === id).map((edge) => edge.from));
    case "ArrowRight":
      return nearest(drawing.edges.filter((edge) => edge.from === id).map((edge) => edge.to));
    case "ArrowUp":
      return inColumn[at - 1]?.id;
    case "ArrowDown":
      return inColumn[at + 1]?.id;
    default:
      return undefined;
  }
}
