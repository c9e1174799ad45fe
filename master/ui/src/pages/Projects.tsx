/** Projects, each with its builders. */

import { getRouteApi, Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { BuildersPage, BuilderSummary, Project } from "../api/schema";
import { config } from "../api/config";
import { useOne, useRows } from "../api/queries";
import { BuilderLink, Document, Empty, Problem, Result, Section, useTitle } from "../parts/basics";
import { Strip } from "../parts/Strip";
import { ApiError } from "../api/client";
import { text } from "../text";

const route = getRouteApi("/projects/$project");
const EVENTS = ["builds/*/new", "builds/*/finished", "builders/*/*"];

export function ProjectsPage(): ReactNode {
  useTitle(`${text.projects.title} · ${config().title}`);
  return (
    <>
      <h1>{text.projects.title}</h1>
      <Projects choose={(project) => project.active !== false} />
    </>
  );
}

export function ProjectPage(): ReactNode {
  const { project: wanted } = route.useParams();
  useTitle(`${wanted} · ${config().title}`);
  return (
    <>
      <nav aria-label={text.nav.breadcrumbs} className="crumbs">
        <Link to="/projects">{text.projects.title}</Link>
      </nav>
      <h1 className="visually-hidden">{text.projects.title}</h1>
      <Projects choose={({ projectid, name }) => String(projectid) === wanted || name === wanted} isOne />
    </>
  );
}

function Projects({ choose, isOne = false }: { choose: (project: Project) => boolean; isOne?: boolean }): ReactNode {
  const projects = useRows<Project>("projects?order=name", { events: ["projects/*/*"] });
  const builders = useOne<BuildersPage>("pages/builders", { events: EVENTS });
  return (
    <Document query={projects}>
      {(rows) => {
        const chosen = rows.filter(choose);
        if (chosen.length === 0) return isOne ? <Problem error={new ApiError(404, "")} /> : <Empty>{text.projects.none}</Empty>;
        return chosen.map((project) => (
          <Section
            key={project.projectid}
            title={
              <Link to="/projects/$project" params={{ project: String(project.projectid) }}>
                {project.name}
              </Link>
            }
          >
            {project.description && <p className="description">{project.description}</p>}
            <Builders summaries={builders.data?.builders.filter(({ builder }) => builder.projectid === project.projectid && builder.masterids.length > 0)} />
          </Section>
        ));
      }}
    </Document>
  );
}

function Builders({ summaries }: { summaries: readonly BuilderSummary[] | undefined }): ReactNode {
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
              <td className="nowrap">{builds?.[0] ? <Result results={builds[0].results} /> : <span className="muted">{text.builders.neverBuilt}</span>}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
