// Generated from the OpenAPI description by contrib/packaging/ui_types.py; do not edit.

export type Json = unknown;

export interface AndTrigger {
  type: "and";
  triggers: (AndTrigger | OrTrigger | TimeTrigger | ManualTrigger | NewLogicTrigger | DatasetUpdatedTrigger | JobSucceededTrigger | MediaSetUpdatedTrigger | TableUpdatedTrigger | ScheduleSucceededTrigger | ScheduleFailedTrigger)[];
}

export interface AskedBuild {
  build: BuildMark | null;
  builder: string;
  builderid: number;
  buildrequestid: number;
  complete: boolean;
  results: number | null;
}

export interface AuditEntry {
  action: string;
  actor: string;
  address: string;
  after: Record<string, Json>;
  auditid: number;
  before: Record<string, Json>;
  digest: string;
  happened_at: number;
  method: string;
  outcome: string;
  parameters: Record<string, Json>;
  path: string;
  reason: string;
  username: string;
  via: string;
}

export type Because = "behind" | "build_not_made" | "complete" | "function_failed" | "function_pending" | "held" | "idle" | "lock" | "master_inactive" | "master_stopping" | "no_builder" | "no_worker" | "other_master" | "refused" | "running" | "starting" | "stopping" | "worker_busy" | "worker_failing" | "worker_graceful" | "worker_not_started" | "worker_offline" | "worker_paused" | "worker_quarantined" | "worker_starting";

export interface Branch {
  branchid: number;
  codebaseid: number;
  commitid: number | null;
  last_timestamp: number;
  name: string;
}

export interface BrokenBuilder {
  build: BuildMark;
  builderid: number;
  good_number: number | null;
  name: string;
  since_number: number;
  tags: string[];
}

export interface Build {
  builderid: number;
  buildid: number;
  buildrequestid: number;
  complete: boolean;
  complete_at: number | null;
  locks_duration_s: number;
  masterid: number;
  number: number;
  properties: Record<string, [Json, string]> | null;
  results: number | null;
  started_at: number;
  state_string: string;
  workerid: number | null;
}

export interface BuildData {
  buildid: number;
  length: number;
  name: string;
  source: string;
  value: string | null;
}

export interface BuildMark {
  buildid: number;
  complete_at: number | null;
  number: number;
  results: number | null;
  started_at: number;
}

export interface BuildOfBranch {
  branch: string | null;
  build: Build;
  buildid: number;
  complete: boolean;
  number: number;
  results: number | null;
}

export interface BuildPage {
  attempts: Build[] | null;
  build: Build;
  builder: Builder | null;
  buildset: Buildset | null;
  changes: Change[] | null;
  could_take_over: number | null;
  data: BuildData[] | null;
  difference: Difference | null;
  environment: EnvironmentValue[] | null;
  failed_part_of: Build | null;
  next_number: number | null;
  parent: NamedBuild | null;
  previous_number: number | null;
  properties: Record<string, [Json, string]> | null;
  rebuilds: Build[] | null;
  rebuilt: Build | null;
  request: BuildRequest | null;
  steps: StepWithLogs[] | null;
  stop: Stop | null;
  taken_over: TakenOver[] | null;
  test_result_sets: TestResultSet[] | null;
  triggered: NamedBuild[] | null;
  typical_s: number | null;
  withheld: string[];
  worker: string | null;
}

export interface BuildRequest {
  builderid: number;
  buildrequestid: number;
  buildsetid: number;
  claimed: boolean;
  claimed_at: number | null;
  claimed_by_masterid: number | null;
  complete: boolean;
  complete_at: number | null;
  priority: number;
  properties: Record<string, [Json, string]> | null;
  results: number | null;
  submitted_at: number;
  waited_for: boolean;
}

export interface Builder {
  builderid: number;
  description: string | null;
  description_format: string | null;
  description_html: string | null;
  masterids: number[];
  name: string;
  projectid: number | null;
  tags: string[];
}

export interface BuilderPage {
  bad_in_a_row: number | null;
  builder: Builder;
  builds: Build[] | null;
  builds_next: string | null;
  forceschedulers: ForceScheduler[] | null;
  good_builds: number | null;
  good_in_a_row: number | null;
  log_horizon_is_known: boolean;
  log_horizon_s: number | null;
  masters: Master[] | null;
  rated_builds: number | null;
  typical_s: number | null;
  waiting: WaitingRequest[] | null;
  waiting_total: number | null;
  withheld: string[];
  workers: WorkerState[] | null;
}

export interface BuilderSummary {
  builder: Builder;
  builds: BuildMark[] | null;
  good_builds: number | null;
  rated_builds: number | null;
  waiting: number | null;
}

export interface BuildersPage {
  builders: BuilderSummary[];
  withheld: string[];
}

export interface Buildset {
  bsid: number;
  complete: boolean;
  complete_at: number | null;
  external_idstring: string | null;
  parent_buildid: number | null;
  parent_relationship: string | null;
  reason: string;
  rebuilt_buildid: number | null;
  results: number | null;
  sourcestamps: SourceStamp[];
  submitted_at: number;
}

export interface BuiltChange {
  author: string;
  branch: string | null;
  builds: ChangeBuild[] | null;
  category: string | null;
  changeid: number;
  codebase: string;
  comments: string;
  committer: string | null;
  files: string[];
  more_builds: boolean;
  project: string;
  repository: string;
  revision: string | null;
  revlink: string | null;
  when_timestamp: number;
}

export interface Change {
  author: string;
  branch: string | null;
  category: string | null;
  changeid: number;
  codebase: string;
  comments: string;
  committer: string | null;
  files: string[];
  parent_changeids: number[];
  project: string;
  properties: Record<string, [Json, string]>;
  repository: string;
  revision: string | null;
  revlink: string | null;
  sourcestamp: SourceStamp;
  when_timestamp: number;
}

export interface ChangeBuild {
  builderid: number;
  buildid: number;
  complete_at: number | null;
  number: number;
  results: number | null;
  started_at: number;
}

export interface ChangePage {
  builds: NamedBuild[] | null;
  change: Change;
  children: Change[];
  parents: Change[];
  withheld: string[];
}

export interface ChangeSource {
  changesourceid: number;
  master: Master | null;
  name: string;
}

export interface Codebase {
  codebaseid: number;
  name: string;
  projectid: number;
  slug: string;
}

export interface Commit {
  author: string;
  codebaseid: number;
  comments: string;
  commitid: number;
  committer: string | null;
  parent_commitid: number | null;
  revision: string;
  when_timestamp: number;
}

export interface CommitGraph {
  common: number;
  to1: number[];
  to2: number[];
}

export interface ConnectingTarget {
  type: "connecting";
  inputRids: string[];
  targetRids: string[];
  ignoredRids: string[];
}

export interface CreateScheduleRequest {
  action: ScheduleRequestAction;
  displayName: string | null;
  description: string | null;
  trigger: AndTrigger | OrTrigger | TimeTrigger | ManualTrigger | NewLogicTrigger | DatasetUpdatedTrigger | JobSucceededTrigger | MediaSetUpdatedTrigger | TableUpdatedTrigger | ScheduleSucceededTrigger | ScheduleFailedTrigger | null;
  scopeMode: ProjectScope | UserScope | null;
}

export interface DatasetUpdatedTrigger {
  type: "datasetUpdated";
  datasetRid: string;
  branchName: string;
}

export interface Difference {
  build: Build;
  changes: Change[] | null;
  environment: EnvironmentDifference[] | null;
  more_changes: boolean;
  properties: PropertyDifference[] | null;
  sources: SourceDifference[] | null;
  steps: StepDifference[] | null;
}

export interface Duration {
  value: number;
  unit: TimeUnit;
}

export interface EnvironmentDifference {
  becomes: EnvironmentValue | null;
  name: string;
  section: string;
  was: EnvironmentValue | null;
}

export interface EnvironmentValue {
  name: string;
  secret: boolean;
  section: string;
  value: string | null;
}

export interface ForceScheduler {
  all_fields: Record<string, Json>[];
  builder_names: string[];
  button_name: string;
  enabled: boolean;
  label: string;
  name: string;
}

export interface FrontPage {
  broken: BrokenBuilder[] | null;
  broken_total: number | null;
  hours: HourOfBuilds[] | null;
  hours_since: number | null;
  masters: Master[] | null;
  recent: RecentBuild[] | null;
  running: RunningBuild[] | null;
  running_total: number | null;
  waiting: WaitingLine[] | null;
  waiting_total: number | null;
  withheld: string[];
  workers: WorkersHealth | null;
}

export interface GraphAttempt {
  buildid: number | null;
  buildrequestid: number;
  finished_at_ms: number | null;
  graph_attemptid: number;
  job_rid: string;
  number: number;
  requested_at_ms: number;
  results: number | null;
  started_at_ms: number | null;
}

export interface GraphBuildResource {
  abort_on_failure: boolean;
  branch: string;
  cancelled_by: string | null;
  created_at_ms: number;
  created_by: string;
  fallbacks: string[];
  finished_at_ms: number | null;
  forced: boolean;
  graph_buildid: number;
  notifications: boolean;
  retry_backoff_ms: number;
  retry_count: number;
  rid: string;
  schedule_rid: string | null;
  status: string;
}

export interface GraphJobResource {
  build_rid: string;
  finished_at_ms: number | null;
  graph_jobid: number;
  latest_attempt_at_ms: number | null;
  position: number;
  reason: string;
  retry_at_ms: number | null;
  rid: string;
  spec_id: number;
  started_at_ms: number;
  status: string;
}

export interface GraphPage {
  branch: string;
  branches: string[];
  problem: string | null;
  targets: TargetState[];
  targets_total: number;
  withheld: string[];
}

export interface GraphPlanJob {
  branch: string;
  builder: string;
  depends_on: string[];
  inputs: string[];
  outputs: string[];
  reasons: string[];
  spec_id: number;
  stale: boolean;
}

export interface GraphRunAttempt {
  attempt: GraphAttempt;
  build_number: number | null;
}

export interface GraphRunJob {
  attempts: GraphRunAttempt[];
  builder: string;
  builderid: number | null;
  inputs: VersionMark[] | null;
  job: GraphJobResource;
  needs: number[];
  outputs: VersionMark[];
}

export interface GraphRunPage {
  jobs: GraphRunJob[] | null;
  jobs_total: number | null;
  run: GraphBuildResource;
  schedule: string | null;
  target: Record<string, Json> | null;
  withheld: string[];
}

export interface HourOfBuilds {
  bad: number;
  begins_at: number;
  good: number;
  other: number;
}

export interface JobSpecResource {
  branch: string;
  builder: string;
  inputs: string[];
  logic: string;
  mode: string;
  outputs: string[];
  properties: Record<string, Json>;
  spec_id: number;
}

export interface JobSucceededTrigger {
  type: "jobSucceeded";
  datasetRid: string;
  branchName: string;
}

export interface Log {
  complete: boolean;
  logid: number;
  name: string;
  num_lines: number;
  slug: string;
  stepid: number;
  type: string;
}

export interface LogChunk {
  content: string;
  firstline: number;
  logid: number;
}

export interface LogHit {
  after: LogLine[];
  before: LogLine[];
  column: number;
  length: number;
  line: number;
  matches: number[][];
  stream: string;
  text: string;
  text_column: number;
  time_ms: number;
}

export interface LogLine {
  line: number;
  stream: string;
  text: string;
  time_ms: number;
}

export interface LogTimes {
  firstline: number;
  logid: number;
  times: number[];
}

export interface ManualTarget {
  type: "manual";
  targetRids: string[];
}

export interface ManualTrigger {
  type: "manual";
}

export interface Master {
  active: boolean;
  last_active: number;
  masterid: number;
  name: string;
}

export interface MasterSummary {
  builders: NamedBuilder[] | null;
  master: Master;
  running: number | null;
  started_at: number | null;
  version: string | null;
  workers: NamedWorker[] | null;
}

export interface MastersPage {
  masters: MasterSummary[];
  withheld: string[];
}

export interface MediaSetUpdatedTrigger {
  type: "mediaSetUpdated";
  mediaSetRid: string;
  branchName: string;
}

export interface NamedBuild {
  build: Build;
  builder: string | null;
}

export interface NamedBuilder {
  builderid: number;
  name: string;
}

export interface NamedWorker {
  name: string;
  workerid: number;
}

export interface NewLogicTrigger {
  type: "newLogic";
  datasetRid: string;
  branchName: string;
}

export interface OrTrigger {
  type: "or";
  triggers: (AndTrigger | OrTrigger | TimeTrigger | ManualTrigger | NewLogicTrigger | DatasetUpdatedTrigger | JobSucceededTrigger | MediaSetUpdatedTrigger | TableUpdatedTrigger | ScheduleSucceededTrigger | ScheduleFailedTrigger)[];
}

export interface Patch {
  author: string;
  body: string;
  comment: string;
  level: number;
  patchid: number;
  subdir: string | null;
}

export interface PendingRequest {
  builder: string;
  builderid: number;
  buildrequestid: number;
  buildsetid: number;
  priority: number;
  submitted_at: number;
  tags: string[];
  waited_for: boolean;
}

export interface Project {
  active: boolean | null;
  description: string | null;
  description_format: string | null;
  description_html: string | null;
  name: string;
  projectid: number;
  slug: string;
}

export interface ProjectScope {
  type: "project";
  projectRids: string[];
}

export interface Property {
  name: string;
  source: string;
  value: string;
}

export interface PropertyDifference {
  becomes: string | null;
  name: string;
  was: string | null;
}

export interface Reason {
  buildid: number | null;
  buildids: number[];
  code: Because;
  function: string | null;
  lock: string | null;
  position: number | null;
  text: string;
  worker: string | null;
  workerid: number | null;
}

export interface RecentBuild {
  build: BuildMark;
  builder: string;
  builderid: number;
}

export interface RequestReasons {
  buildrequestid: number;
  reasons: Reason[] | null;
}

export interface RootLink {
  name: string;
}

export interface RunningBuild {
  build: Build;
  builder: string;
  typical_s: number | null;
  worker: string | null;
}

export interface ScheduleExplanation {
  code: string;
  since: number | null;
  text: string;
}

export interface ScheduleFailedTrigger {
  type: "scheduleFailed";
  scheduleRid: string;
}

export interface ScheduleFormPage {
  branches: string[];
  schedule: ScheduleResource | null;
  schedules: Record<string, Json>;
  targets: Record<string, Json>;
  targets_total: number;
  time_zones: string[];
  withheld: string[];
}

export interface SchedulePage {
  reasons: ScheduleExplanation[];
  runs: ScheduleRunMark[];
  schedule: ScheduleResource;
  schedules: Record<string, Json>;
  targets: Record<string, Json>;
  versions: ScheduleVersionResource[];
  withheld: string[];
}

export interface SchedulePreview {
  instants: number[];
  problems: Record<string, Json>;
  times: TimePreview[];
}

export interface ScheduleRequestAction {
  target: ManualTarget | UpstreamTarget | ConnectingTarget;
  branchName: string | null;
  fallbackBranches: string[] | null;
  forceBuild: boolean | null;
  abortOnFailure: boolean | null;
  notificationsEnabled: boolean | null;
  retryCount: number | null;
  retryBackoffDuration: Duration | null;
}

export interface ScheduleResource {
  action: Record<string, Json>;
  active_run: string | null;
  created_at: number;
  created_by: string;
  description: string | null;
  editor: string;
  failures: number;
  name: string | null;
  next_due_at: number | null;
  paused: boolean;
  paused_by: string | null;
  pending: boolean;
  rid: string;
  scope: Record<string, Json>;
  trigger: Record<string, Json>;
  updated_at: number;
  updated_by: string;
  version_rid: string;
}

export interface ScheduleRunMark {
  build_status: string | null;
  run: ScheduleRunResource;
}

export interface ScheduleRunResource {
  build_rid: string | null;
  created_at: number;
  created_by: string | null;
  description: string | null;
  error: string | null;
  number: number;
  outcome: string | null;
  rid: string;
  schedule_rid: string;
  version_rid: string;
}

export interface ScheduleSucceededTrigger {
  type: "scheduleSucceeded";
  scheduleRid: string;
}

export interface ScheduleVersionResource {
  action: Record<string, Json>;
  created_at: number;
  created_by: string;
  rid: string;
  schedule_rid: string;
  scope: Record<string, Json>;
  trigger: Record<string, Json>;
}

export interface Scheduler {
  enabled: boolean;
  master: Master | null;
  name: string;
  schedulerid: number;
}

export interface SchedulerPage {
  runs: SchedulerRun[] | null;
  scheduler: SchedulerState;
  withheld: string[];
}

export interface SchedulerRun {
  buildset: Buildset;
  requests: AskedBuild[];
  requests_total: number;
}

export interface SchedulerState {
  builder_names: string[] | null;
  can_run: boolean;
  kind: string | null;
  last_run: SchedulerRun | null;
  next_run_at: number | null;
  run_asked_by: string | null;
  scheduler: Scheduler;
  waiting_changes: number;
}

export interface SchedulersPage {
  schedulers: SchedulerState[];
  withheld: string[];
}

export interface SourceDifference {
  becomes: SourceStamp | null;
  codebase: string;
  was: SourceStamp | null;
}

export interface SourceStamp {
  branch: string | null;
  codebase: string;
  created_at: number;
  patch: Patch | null;
  project: string;
  repository: string;
  revision: string | null;
  ssid: number;
}

export interface Spec {
  path: string;
  plural: string;
  type: string;
  type_spec: Record<string, Json>;
}

export interface StagingAppPage {
  app: StagingAppResource;
  builds: StagingBuildResource[] | null;
  caches: StagingCacheResource[];
  droplets: StagingDropletResource[] | null;
  packages: StagingPackageResource[] | null;
  withheld: string[];
}

export interface StagingAppResource {
  buildpacks: string[];
  created_at: number;
  current_droplet_guid: string | null;
  guid: string;
  lifecycle: string;
  name: string;
  space_guid: string;
  stack: string;
  staging_appid: number;
  updated_at: number;
}

export interface StagingAttestationResource {
  attestation: string;
  droplet_guid: string;
}

export interface StagingBuildResource {
  app_guid: string;
  builderid: number | null;
  buildid: number | null;
  buildpacks: string[];
  buildrequestid: number | null;
  created_at: number;
  created_by: string | null;
  disk_mb: number;
  droplet_guid: string | null;
  droplet_sha256: string | null;
  error: string | null;
  guid: string;
  lifecycle: string;
  log_rate_bytes_per_second: number;
  memory_mb: number;
  package_guid: string;
  stack: string;
  staging_buildid: number;
  state: string;
  updated_at: number;
}

export interface StagingBuildpackResource {
  configured: boolean;
  created_at: number;
  enabled: boolean;
  filename: string | null;
  guid: string;
  lifecycle: string;
  locked: boolean;
  name: string;
  position: number;
  sha256: string | null;
  size_bytes: number | null;
  stack: string | null;
  staging_buildpackid: number;
  state: string;
  updated_at: number;
}

export interface StagingCacheResource {
  app_guid: string;
  key: string;
  sha256: string;
  size_bytes: number;
  stack: string;
  staging_cacheid: number;
  used_at: number;
}

export interface StagingDropletResource {
  app_guid: string;
  attested: boolean;
  build_guid: string | null;
  buildpacks: string[];
  created_at: number;
  error: string | null;
  guid: string;
  image: string | null;
  lifecycle: string;
  package_guid: string | null;
  sha256: string | null;
  size_bytes: number | null;
  stack: string | null;
  staging_dropletid: number;
  state: string;
  updated_at: number;
}

export interface StagingPackageResource {
  app_guid: string;
  created_at: number;
  error: string | null;
  guid: string;
  image: string | null;
  sha256: string | null;
  size_bytes: number | null;
  staging_packageid: number;
  state: string;
  type: string;
  updated_at: number;
}

export interface Step {
  buildid: number;
  complete: boolean;
  complete_at: number | null;
  hidden: boolean;
  locks_acquired_at: number | null;
  name: string;
  number: number;
  results: number | null;
  started_at: number | null;
  state_string: string;
  stepid: number;
  urls: Record<string, string>[];
}

export interface StepDifference {
  becomes: number | null;
  name: string;
  was: number | null;
}

export interface StepWithLogs {
  logs: Log[] | null;
  step: Step;
}

export interface Stop {
  buildid: number | null;
  buildrequestid: number;
  by: string | null;
  by_kind: string | null;
  reason: string;
  stopped_at: number;
}

export interface TableUpdatedTrigger {
  type: "tableUpdated";
  tableRid: string;
  branchName: string;
}

export interface TakenOver {
  build: Build;
  builder: string | null;
  step_number: number;
  taken_from: Build | null;
}

export interface TargetResource {
  configured: boolean;
  name: string;
  project_rid: string | null;
  rid: string;
  targetid: number;
}

export interface TargetState {
  builder: string | null;
  builderid: number | null;
  inputs: string[] | null;
  reasons: string[] | null;
  stale: boolean | null;
  target: TargetResource;
  version: TargetVersion | null;
}

export interface TargetVersion {
  branch: string;
  closed_at_ms: number | null;
  job_rid: string | null;
  opened_at_ms: number;
  payload: Record<string, Json>;
  rid: string;
  state: string;
  target_rid: string;
  target_versionid: number;
}

export interface TestLine {
  duration_ns: number | null;
  failing: number;
  flaky: boolean;
  line: number | null;
  message: string | null;
  name: string;
  outcomes: string;
  path: string | null;
  since_number: number | null;
}

export interface TestResult {
  builderid: number;
  duration_ns: number | null;
  line: number | null;
  test_code_path: string | null;
  test_name: string | null;
  test_result_setid: number;
  test_resultid: number;
  value: string;
}

export interface TestResultSet {
  builderid: number;
  buildid: number;
  category: string;
  complete: boolean;
  description: string | null;
  stepid: number;
  test_result_setid: number;
  tests_failed: number | null;
  tests_passed: number | null;
  value_unit: string;
}

export interface TestedBuild {
  buildid: number;
  failed: number | null;
  number: number;
  passed: number | null;
  results: number | null;
  revision: string | null;
  started_at: number;
}

export interface TestsPage {
  build: Build | null;
  builder: Builder;
  builds: TestedBuild[];
  sets: TestResultSet[];
  tests: TestLine[];
  tests_total: number;
  withheld: string[];
}

export interface TimePreview {
  instants: number[];
  path: string;
  walls: string[];
  words: string;
}

export interface TimeTrigger {
  type: "time";
  cronExpression: string;
  timeZone: string;
}

export type TimeUnit = "DAYS" | "HOURS" | "MILLISECONDS" | "MINUTES" | "MONTHS" | "SECONDS" | "WEEKS" | "YEARS";

export interface TimedBuild {
  builderid: number;
  buildid: number;
  complete: boolean;
  complete_at: number | null;
  number: number;
  results: number | null;
  started_at: number;
  state_string: string;
  worker: string | null;
  workerid: number | null;
}

export interface Token {
  created_at: number;
  expires_at: number;
  last_used_at: number | null;
  name: string;
  revoked_at: number | null;
  scopes: string[];
  tokenid: number;
  username: string;
}

export interface UpstreamTarget {
  type: "upstream";
  targetRids: string[];
  ignoredRids: string[];
}

export interface UserScope {
  type: "user";
}

export interface VersionMark {
  branch: string | null;
  build_rid: string | null;
  state: string | null;
  target: string;
  version_rid: string | null;
}

export interface WaitingLine {
  builder: string;
  builderid: number;
  buildrequestid: number;
  length: number;
  reasons: Reason[] | null;
  since: number;
}

export interface WaitingRequest {
  reasons: Reason[] | null;
  request: BuildRequest;
}

export interface Worker {
  configured_on: Record<string, number>[];
  connected_to: Record<string, number>[];
  graceful: boolean;
  name: string;
  pause_reason: string | null;
  paused: boolean;
  workerid: number;
  workerinfo: Record<string, Json>;
}

export interface WorkerMark {
  builderid: number;
  buildid: number;
  complete_at: number | null;
  number: number;
  results: number | null;
  started_at: number;
}

export interface WorkerPage {
  builders: NamedBuilder[] | null;
  builds: Build[] | null;
  connected_at: number | null;
  environment: EnvironmentValue[] | null;
  left_at: number | null;
  masters: Master[] | null;
  more_builds: boolean | null;
  running: Build[] | null;
  withheld: string[];
  worker: Worker;
}

export interface WorkerState {
  connected: boolean;
  graceful: boolean;
  name: string;
  pause_reason: string | null;
  paused: boolean;
  workerid: number;
}

export interface WorkerSummary {
  builders: number;
  builds: WorkerMark[] | null;
  connected_at: number | null;
  left_at: number | null;
  os: string;
  running: WorkerMark[] | null;
  version: string;
  worker: WorkerState;
}

export interface WorkersHealth {
  connected: number;
  graceful: number;
  not_ready: WorkerState[];
  not_ready_total: number;
  paused: number;
  total: number;
}

export interface WorkersPage {
  builders: NamedBuilder[] | null;
  withheld: string[];
  workers: WorkerSummary[];
}
