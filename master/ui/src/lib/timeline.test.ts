import { expect, it } from "vitest";
import { placeOf } from "./timeline";

const WHOLE = { begin: 100, end: 200 };

it.each([
  [120, 150, { x: 20, width: 30 }],
  [100, 200, { x: 0, width: 100 }],
  [150, 150, { x: 50, width: 1 }], // took no time
  [200, 200, { x: 99, width: 1 }],
  [190, 260, { x: 90, width: 10 }], // a triggered build may outlive its parent
  [60, 110, { x: 0, width: 50 }],
])("from %i to %i", (from, to, place) => {
  expect(placeOf(WHOLE, from, to)).toEqual(place);
});
