/** Addresses: behind `#`, as Buildbot's bookmarks, its mails and the way back from signing in have them. */

import { createHashHistory, createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from "@tanstack/react-router";
import { Loading, NotFound, Problem } from "./parts/basics";
import { Layout } from "./parts/Layout";
import type { ViewSearch } from "./lib/console";
import Front from "./pages/Front";

const root = createRootRoute({ component: Layout, notFoundComponent: NotFound });

/** A word of an address's query, which may look like a number. */
const word = (value: unknown): string | undefined => (value === undefined || value === null || value === "" ? undefined : String(value));

const VIEW_WORDS = ["q", "tags", "branch", "codebase", "project", "result"] as const;

/** These words of an address's query, without those that are not there. */
const words =
  <Name extends string>(...names: readonly Name[]) =>
  (search: Record<string, unknown>): { [name in Name]?: string } =>
    Object.fromEntries(names.map((name) => [name, word(search[name])]).filter(([, value]) => value !== undefined)) as { [name in Name]?: string };

const filtered = {
  validateSearch: (search: Record<string, unknown>): { q?: string; tags?: string; old?: string } => ({
    ...(word(search["q"]) ? { q: word(search["q"]) as string } : {}),
    ...(word(search["tags"]) ? { tags: word(search["tags"]) as string } : {}),
    ...(word(search["old"]) ? { old: word(search["old"]) as string } : {}),
  }),
};

const workersWanted = {
  validateSearch: (search: Record<string, unknown>): { q?: string; state?: string; sort?: string } => ({
    ...(word(search["q"]) ? { q: word(search["q"]) as string } : {}),
    ...(word(search["state"]) ? { state: word(search["state"]) as string } : {}),
    ...(word(search["sort"]) ? { sort: word(search["sort"]) as string } : {}),
  }),
};

const front = createRoute({ getParentRoute: () => root, path: "/", component: Front });
const builders = createRoute({ getParentRoute: () => root, path: "/builders", ...filtered, component: lazyRouteComponent(() => import("./pages/Builders")) });
const builder = createRoute({
  getParentRoute: () => root,
  path: "/builders/$builder",
  validateSearch: words("force", "result", "branch"),
  component: lazyRouteComponent(() => import("./pages/Builder")),
});
const builderForce = createRoute({
  getParentRoute: () => root,
  path: "/builders/$builder/force/$scheduler",
  beforeLoad: ({ params: { builder, scheduler } }) => {
    throw redirect({ to: "/builders/$builder", params: { builder }, search: { force: scheduler } });
  },
});
const build = createRoute({ getParentRoute: () => root, path: "/builders/$builder/builds/$number", component: lazyRouteComponent(() => import("./pages/Build"), "NumberedBuild") });
const buildById = createRoute({ getParentRoute: () => root, path: "/builds/$build", component: lazyRouteComponent(() => import("./pages/Build"), "BuildById") });
const step = createRoute({
  getParentRoute: () => root,
  path: "/builders/$builder/builds/$number/steps/$step",
  beforeLoad: ({ params }) => {
    throw redirect({ to: "/builders/$builder/builds/$number", params, hash: `step-${params.step}` });
  },
});
const log = createRoute({
  getParentRoute: () => root,
  path: "/builders/$builder/builds/$number/steps/$step/logs/$log",
  component: lazyRouteComponent(() => import("./pages/Log")),
});
const pending = createRoute({ getParentRoute: () => root, path: "/pending", validateSearch: words("builder", "tag"), component: lazyRouteComponent(() => import("./pages/Pending")) });
const pendingOld = createRoute({
  getParentRoute: () => root,
  path: "/pendingbuildrequests",
  beforeLoad: () => {
    throw redirect({ to: "/pending" });
  },
});
/** Addresses of Buildbot's pages that have another place here. */
const moved = (path: string, to: "/changes" | "/masters") =>
  createRoute({
    getParentRoute: () => root,
    path,
    beforeLoad: () => {
      throw redirect({ to });
    },
  });
const lastChanges = moved("/lastchanges", "/changes");
const master = moved("/masters/$master", "/masters");
const request = createRoute({ getParentRoute: () => root, path: "/buildrequests/$request", component: lazyRouteComponent(() => import("./pages/Request")) });
const workers = createRoute({ getParentRoute: () => root, path: "/workers", ...workersWanted, component: lazyRouteComponent(() => import("./pages/Workers")) });
const worker = createRoute({ getParentRoute: () => root, path: "/workers/$worker", component: lazyRouteComponent(() => import("./pages/Worker")) });
const changes = createRoute({
  getParentRoute: () => root,
  path: "/changes",
  validateSearch: words("author", "branch", "revision", "project", "repository", "codebase", "category"),
  component: lazyRouteComponent(() => import("./pages/Changes"), "ChangesPage"),
});
const change = createRoute({ getParentRoute: () => root, path: "/changes/$change", component: lazyRouteComponent(() => import("./pages/Changes"), "ChangePage") });
const schedulers = createRoute({ getParentRoute: () => root, path: "/schedulers", component: lazyRouteComponent(() => import("./pages/Schedulers"), "Schedulers") });
const scheduler = createRoute({ getParentRoute: () => root, path: "/schedulers/$scheduler", component: lazyRouteComponent(() => import("./pages/Schedulers"), "SchedulerPage") });
const masters = createRoute({ getParentRoute: () => root, path: "/masters", component: lazyRouteComponent(() => import("./pages/Masters")) });
const about = createRoute({ getParentRoute: () => root, path: "/about", component: lazyRouteComponent(() => import("./pages/About")) });
const audit = createRoute({ getParentRoute: () => root, path: "/audit", validateSearch: words("who", "what", "on", "outcome"), component: lazyRouteComponent(() => import("./pages/Audit")) });
const account = createRoute({ getParentRoute: () => root, path: "/account", component: lazyRouteComponent(() => import("./pages/Account")) });
const projects = createRoute({ getParentRoute: () => root, path: "/projects", component: lazyRouteComponent(() => import("./pages/Projects"), "ProjectsPage") });
const project = createRoute({ getParentRoute: () => root, path: "/projects/$project", component: lazyRouteComponent(() => import("./pages/Projects"), "ProjectPage") });
/** Which builders and changes a view of several builders shows. */
const viewed = {
  validateSearch: (search: Record<string, unknown>): ViewSearch =>
    Object.fromEntries(VIEW_WORDS.map((name) => [name, word(search[name])]).filter(([, value]) => value !== undefined)),
};
const settings = createRoute({ getParentRoute: () => root, path: "/settings", component: lazyRouteComponent(() => import("./pages/Settings")) });
const waterfall = createRoute({ getParentRoute: () => root, path: "/waterfall", ...viewed, component: lazyRouteComponent(() => import("./pages/Waterfall")) });
const consolePage = createRoute({ getParentRoute: () => root, path: "/console", ...viewed, component: lazyRouteComponent(() => import("./pages/Console")) });
const grid = createRoute({ getParentRoute: () => root, path: "/grid", ...viewed, component: lazyRouteComponent(() => import("./pages/Grid")) });

const graph = createRoute({
  getParentRoute: () => root,
  path: "/graph",
  validateSearch: (search: Record<string, unknown>): { branch?: string } => (word(search["branch"]) ? { branch: word(search["branch"]) as string } : {}),
  component: lazyRouteComponent(() => import("./pages/Graph")),
});
const graphTarget = createRoute({
  getParentRoute: () => root,
  path: "/graph/targets/$target",
  validateSearch: (search: Record<string, unknown>): { branch?: string; base?: string } => ({
    ...(word(search["branch"]) ? { branch: word(search["branch"]) as string } : {}),
    ...(word(search["base"]) ? { base: word(search["base"]) as string } : {}),
  }),
  component: lazyRouteComponent(() => import("./pages/GraphTarget")),
});
const graphRuns = createRoute({ getParentRoute: () => root, path: "/graph/runs", component: lazyRouteComponent(() => import("./pages/GraphRuns"), "Runs") });
const graphRun = createRoute({
  getParentRoute: () => root,
  path: "/graph/runs/$run",
  validateSearch: (search: Record<string, unknown>): { job?: string } => (word(search["job"]) ? { job: word(search["job"]) as string } : {}),
  component: lazyRouteComponent(() => import("./pages/GraphRuns"), "RunPage"),
});
const graphJob = createRoute({ getParentRoute: () => root, path: "/graph/jobs/$job", component: lazyRouteComponent(() => import("./pages/GraphRuns"), "JobPage") });
const graphSchedules = createRoute({ getParentRoute: () => root, path: "/graph/schedules", component: lazyRouteComponent(() => import("./pages/Schedules"), "Schedules") });
const graphSchedule = createRoute({ getParentRoute: () => root, path: "/graph/schedules/$schedule", component: lazyRouteComponent(() => import("./pages/Schedules"), "SchedulePage") });
const graphScheduleNew = createRoute({
  getParentRoute: () => root,
  path: "/graph/schedules/new",
  validateSearch: (search: Record<string, unknown>): { target?: string; branch?: string } => ({
    ...(word(search["target"]) ? { target: word(search["target"]) as string } : {}),
    ...(word(search["branch"]) ? { branch: word(search["branch"]) as string } : {}),
  }),
  component: lazyRouteComponent(() => import("./pages/ScheduleForm"), "NewSchedule"),
});
const graphScheduleEdit = createRoute({ getParentRoute: () => root, path: "/graph/schedules/$schedule/edit", component: lazyRouteComponent(() => import("./pages/ScheduleForm"), "EditSchedule") });
const staging = createRoute({ getParentRoute: () => root, path: "/staging", component: lazyRouteComponent(() => import("./pages/Staging"), "Apps") });
const stagingApp = createRoute({ getParentRoute: () => root, path: "/staging/apps/$app", component: lazyRouteComponent(() => import("./pages/Staging"), "AppPage") });
const tests = createRoute({ getParentRoute: () => root, path: "/tests", component: lazyRouteComponent(() => import("./pages/Tests"), "Newest") });
const builderTests = createRoute({ getParentRoute: () => root, path: "/builders/$builder/tests", component: lazyRouteComponent(() => import("./pages/Tests"), "TestsOfBuilder") });
const builderTest = createRoute({ getParentRoute: () => root, path: "/builders/$builder/tests/$test", component: lazyRouteComponent(() => import("./pages/Tests"), "TestPage") });
const buildTests = createRoute({ getParentRoute: () => root, path: "/builders/$builder/builds/$number/tests", component: lazyRouteComponent(() => import("./pages/Tests"), "TestsOfBuild") });
const dashboard = createRoute({ getParentRoute: () => root, path: "/$dashboard", component: lazyRouteComponent(() => import("./pages/Dashboard")) });

export const router = createRouter({
  routeTree: root.addChildren([
    lastChanges, master,
    front, builders, builder, builderForce, build, buildById, step, log, pending, pendingOld, request, workers, worker, changes, change,
    schedulers, scheduler, masters, about, audit, account, settings, waterfall, consolePage, grid, projects, project,
    graph, graphTarget, graphRuns, graphRun, graphJob, graphSchedules, graphSchedule, graphScheduleNew, graphScheduleEdit, staging, stagingApp, tests, builderTests, builderTest, buildTests, dashboard,
  ]),
  history: createHashHistory(),
  defaultPendingComponent: Loading,
  defaultErrorComponent: ({ error }) => <Problem error={error instanceof Error ? error : new Error(String(error))} />,
  // a log goes to the line in its address by itself
  scrollRestoration: ({ location }) => !location.pathname.includes("/logs/"),
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
