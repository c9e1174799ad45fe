/** Markdown as elements of the page. Loaded when a page has some. */

import { createContext, useContext, type ReactNode } from "react";
import type { Element, Root } from "hast";
import ReactMarkdown, { type Components, type Options } from "react-markdown";
import { ELSEWHERE, describedUrl } from "../lib/links";

/** What can come out; whatever else would is left out, and its text stays. */
const ALLOWED = ["a", "blockquote", "br", "code", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "img", "li", "ol", "p", "pre", "strong", "ul"];
const InLink = createContext(false);

function headingsOf(node: Root | Element): Element[] {
  return node.children.flatMap((child) => (child.type !== "element" ? [] : /^h[1-6]$/.test(child.tagName) ? [child] : headingsOf(child)));
}

/** Moves headings below another one; of the levels that they have none is left out. */
function moveHeadings({ below }: { below: number }): (tree: Root) => void {
  return (tree) => {
    const headings = headingsOf(tree);
    const levels = [...new Set(headings.map(({ tagName }) => tagName))].sort();
    for (const heading of headings) heading.tagName = `h${Math.min(below + 1 + levels.indexOf(heading.tagName), 6)}`;
  };
}

/** A link, if it may be followed; else what stands in it. */
function Anchor({ href, children }: { href?: string | undefined; children?: ReactNode }): ReactNode {
  const isInLink = useContext(InLink);
  if (!href || isInLink) return children;
  return (
    <InLink value={true}>
      <a href={href} {...(href.startsWith("#") ? {} : ELSEWHERE)}>
        {children}
      </a>
    </InLink>
  );
}

/** Pages ask no other place for anything, so an image is a link to it. */
function Image({ src, alt }: { src?: unknown; alt?: string | undefined }): ReactNode {
  const href = typeof src === "string" ? src : undefined;
  return <Anchor href={href}>{alt || href}</Anchor>;
}

/** Without the class that names its language. */
function Code({ children }: { children?: ReactNode }): ReactNode {
  return <code>{children}</code>;
}

// as few elements as can be: HTML stays text, and addresses that no click may follow are gone before they are attributes
const OPTIONS: Options = { allowedElements: ALLOWED, unwrapDisallowed: true, urlTransform: (url) => describedUrl(url) };
const COMPONENTS: Components = { a: Anchor, img: Image, code: Code };

export interface MarkdownProps {
  readonly source: string;
  /** The level of the heading that it stands below. */
  readonly below: 1 | 2;
}

export default function Markdown({ source, below }: MarkdownProps): ReactNode {
  return (
    <div className="prose">
      <ReactMarkdown {...OPTIONS} rehypePlugins={[[moveHeadings, { below }]]} components={COMPONENTS}>
        {source}
      </ReactMarkdown>
    </div>
  );
}
