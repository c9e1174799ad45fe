import { describe, expect, it } from "vitest";
import type { PendingRequest } from "../api/schema";
import { afterEvent } from "./pending";

const row = (buildrequestid: number, priority = 0): PendingRequest => ({
  buildrequestid, priority, builder: "b", builderid: 1, buildsetid: 1, submitted_at: 10, tags: [], waited_for: false,
});
const event = (buildrequestid: number, more: object) => ({ key: ["buildrequests", String(buildrequestid), "x"], message: { buildrequestid, claimed: false, complete: false, priority: 0, ...more } });
const ids = (rows: readonly PendingRequest[]) => rows.map((one) => one.buildrequestid);

describe("the queue", () => {
  it("loses what is taken or ended", () => {
    expect(ids(afterEvent([row(1), row(2)], event(1, { claimed: true })))).toEqual([2]);
    expect(ids(afterEvent([row(1), row(2)], event(2, { complete: true })))).toEqual([1]);
  });

  it("moves what gets another priority", () => {
    expect(ids(afterEvent([row(1), row(2), row(3)], event(3, { priority: 5 })))).toEqual([3, 1, 2]);
  });

  it("stays as it is for what it does not know, and for what changes nothing", () => {
    const rows = [row(1)];
    expect(afterEvent(rows, event(9, { claimed: true }))).toBe(rows);
    expect(afterEvent(rows, event(1, {}))).toBe(rows);
  });
});
