/** Projects, each with its builders. */

import { getRouteApi, Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { BuildersPage, BuilderSummary, Project } from "../api/schema";
import { config } from "../api/config";
import { useOne, useRows } from "../api/queries";
import { Ago, BuilderLink, Document, Empty, NotFound, Result, Section, useTitle } from "../parts/basics";
import { Description } from "../parts/Description";
import { Strip } from "../parts/Strip";
import { text } from "../text";

const route = getRouteApi("/projects/$project");
const EVENTS = ["builds/*/new", "builds/*/finished", "builders/*/*"];

/** All projects. */
export function ProjectsPage(): ReactNode {
  useTitle(`${text.projects.title} · ${config().title}`);
  return (
    <>
      <h1>{text.projects.title}</h1>
      <Projects>
        {(projects, summaries) => {
          const active = projects.filter((project) => project.active !== false);
          if (active.length === 0) return <Empty hint={text.projects.hint}>{text.projects.none}</Empty>;
          return active.map((project) => (
            <Section
              key={project.projectid}
              title={
                <Link to="/projects/$project" params={{ project: String(project.projectid) }}>
                  {project.name}
                </Link>
              }
            >
              <Description of={project} below={2} />
              <Builders summaries={summaries && buildersOf(project, summaries)} />
            </Section>
          ));
        }}
      </Projects>
    </>
  );
}

/** One project, by its number or its name. */
export function ProjectPage(): ReactNode {
  const { project: wanted } = route.useParams();
  return (
    <Projects>
      {(projects, summaries) => {
        const project = projects.find(({ projectid, name }) => String(projectid) === wanted || name === wanted);
        return project ? <OneProject project={project} summaries={summaries && buildersOf(project, summaries)} /> : <NotFound />;
      }}
    </Projects>
  );
}

function OneProject({ project, summaries }: { project: Project; summaries: Summaries }): ReactNode {
  useTitle(`${project.name} · ${config().title}`);
  return (
    <>
      <header className="page-head">
        <div>
          <nav aria-label={text.nav.breadcrumbs} className="crumbs">
            <Link to="/projects">{text.projects.title}</Link>
          </nav>
          <h1>{project.name}</h1>
          <Description of={project} below={1} />
        </div>
      </header>
      <Section title={text.builders.title}>
        <Builders summaries={summaries} />
      </Section>
    </>
  );
}

type Summaries = readonly BuilderSummary[] | undefined;

function Projects({ children }: { children: (projects: readonly Project[], summaries: Summaries) => ReactNode }): ReactNode {
  const projects = useRows<Project>("projects?order=name", { events: ["projects/*/*"] });
  const builders = useOne<BuildersPage>("pages/builders", { events: EVENTS });
  return <Document query={projects}>{(rows) => children(rows, builders.data?.builders)}</Document>;
}

function buildersOf(project: Project, summaries: readonly BuilderSummary[]): readonly BuilderSummary[] {
  return summaries.filter(({ builder }) => builder.projectid === project.projectid && builder.masterids.length > 0);
}

function Builders({ summaries }: { summaries: Summaries }): ReactNode {
  if (!summaries) return null;
  if (summaries.length === 0) return <Empty>{text.projects.noBuilders}</Empty>;
  return (
    <div className="scroll">
      <table className="builders">
        <thead>
          <tr>
            <th>{text.common.builder}</th>
            <th>{text.builders.last}</th>
            <th>{text.common.result}</th>
          </tr>
        </thead>
        <tbody>
          {summaries.map(({ builder, builds }) => (
            <tr key={builder.builderid}>
              <td>
                <BuilderLink id={builder.builderid}>{builder.name}</BuilderLink>
              </td>
              <td>{builds && <Strip builder={builder.builderid} builds={builds} />}</td>
              <td className="nowrap">
                {builds?.[0] ? (
                  <>
                    <Result results={builds[0].results} />{" "}
                    <span className="muted small">
                      <Ago at={builds[0].complete_at ?? builds[0].started_at} />
                    </span>
                  </>
                ) : (
                  <span className="muted">{builds && text.builders.neverBuilt}</span>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
