import { expect, it } from "vitest";
import { initialValues, labelOf, visibleFields, type Field } from "./force";

const field = (more: Partial<Field>): Field => ({ name: "x", fullName: "x", label: "X", type: "text", ...more });

it("a form begins with the defaults, by full name, those of groups too", () => {
  const fields = [
    field({ fullName: "reason", default: "force build" }),
    field({
      type: "nested",
      fullName: "code",
      fields: [field({ fullName: "code_branch", default: "main" }), field({ fullName: "code_dry", type: "bool", default: "yes" })],
    }),
    field({ fullName: "n", type: "int", default: 0 }),
    field({ fullName: "some", type: "list", multiple: true, default: "a", choices: ["a", "b"] }),
  ];

  expect(initialValues(fields)).toEqual({ reason: "force build", code_branch: "main", code_dry: true, n: 0, some: ["a"] });
});

it.each([
  [{ label: "Your name:" }, "Your name"],
  [{ label: "", name: "reason" }, "reason"],
  [{ label: "ratio 1:2" }, "ratio 1:2"],
])("a field is called by its label, else by its name", (given, label) => {
  expect(labelOf(field(given))).toBe(label);
});

it("a choice that must be made is the first one until another is made", () => {
  expect(initialValues([field({ type: "list", choices: ["debug", "release"] })])).toEqual({ x: "debug" });
  expect(initialValues([field({ type: "list", choices: ["debug"], strict: false })])).toEqual({ x: "" });
});

it("fixed and hidden fields are not shown, and fixed ones not sent", () => {
  const fields = [field({ type: "fixed", default: "f" }), field({ fullName: "h", hide: true, default: 3 }), field({ fullName: "u", type: "username" })];

  expect(initialValues(fields)).toEqual({ h: 3, u: "" });
  expect(visibleFields(fields, false).map((one) => one.fullName)).toEqual(["u"]);
  expect(visibleFields(fields, true)).toEqual([]);
});
