import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { describe, expect, it } from "vitest";
import Markdown from "./Markdown";

function shown(source: string, below: 1 | 2 = 1): string {
  const found = /^<div class="prose">(.*)<\/div>$/s.exec(renderToStaticMarkup(createElement(Markdown, { source, below })));
  return found?.[1] ?? "";
}

const OUT = 'rel="noopener noreferrer nofollow" target="_blank"';

describe("Markdown", () => {
  it("makes elements of emphasis, code, lists, quotes and rules", () => {
    expect(shown("Builds *all* of **it** with `make`.")).toBe("<p>Builds <em>all</em> of <strong>it</strong> with <code>make</code>.</p>");
    expect(shown("- a\n- b").replaceAll("\n", "")).toBe("<ul><li>a</li><li>b</li></ul>");
    expect(shown("3. a\n4. b").replaceAll("\n", "")).toBe('<ol start="3"><li>a</li><li>b</li></ol>');
    expect(shown("> so\n\n---").replaceAll("\n", "")).toBe("<blockquote><p>so</p></blockquote><hr/>");
    expect(shown("```python onload=x\nif a < b: pass\n```")).toBe("<pre><code>if a &lt; b: pass\n</code></pre>");
  });

  it("moves headings below that of the page, or of the section", () => {
    expect(shown("# One\n\n## Two\n\n###### Six")).toBe("<h2>One</h2>\n<h3>Two</h3>\n<h4>Six</h4>");
    expect(shown("> ## Two\n\n#### Four", 2).replaceAll("\n", "")).toBe("<blockquote><h3>Two</h3></blockquote><h4>Four</h4>");
  });

  it("links to other places in a new tab, and to these pages in this one", () => {
    expect(shown("[site](https://example.org/?a=1&b=2)")).toBe(`<p><a href="https://example.org/?a=1&amp;b=2" ${OUT}>site</a></p>`);
    expect(shown("<mailto:ada@example.org>")).toBe(`<p><a href="mailto:ada@example.org" ${OUT}>mailto:ada@example.org</a></p>`);
    expect(shown("[docs](#/builders/docs)")).toBe('<p><a href="#/builders/docs">docs</a></p>');
  });

  it("leaves the text of a link that no click may follow", () => {
    for (const url of ["javascript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd", "//evil.example/", "/auth/logout", "builders/1", "#top", "?a=1", "ftp://example.org/"]) {
      expect(shown(`[here](${url})`)).toBe("<p>here</p>");
    }
  });

  it("shows an image as a link to it, and one in a link by its text", () => {
    expect(shown("![state](https://example.org/badge.svg)")).toBe(`<p><a href="https://example.org/badge.svg" ${OUT}>state</a></p>`);
    expect(shown("![](https://example.org/badge.svg)")).toBe(`<p><a href="https://example.org/badge.svg" ${OUT}>https://example.org/badge.svg</a></p>`);
    expect(shown("[![state](https://example.org/badge.svg)](https://example.org/)")).toBe(`<p><a href="https://example.org/" ${OUT}>state</a></p>`);
    expect(shown("![state](data:image/svg+xml,x)")).toBe("<p>state</p>");
  });

  it("shows HTML as the text that it is", () => {
    expect(shown("a <b onclick=x>b</b>")).toBe("<p>a &lt;b onclick=x&gt;b&lt;/b&gt;</p>");
    expect(shown("<script>alert(1)</script>")).toBe("&lt;script&gt;alert(1)&lt;/script&gt;");
  });
});

// what somebody may write into a description, hoping that a browser runs it
const HTML = [
  "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg onload=alert(1)>", "<svg><script>alert(1)</script></svg>", "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
  "<body onload=alert(1)>", "<details open ontoggle=alert(1)>x</details>", "<style>@import '//evil.example';</style>", "<base href=//evil.example/>", "<link rel=stylesheet href=//evil.example/x.css>",
  "<form action=//evil.example><button>x</button></form>", '<a href="javascript:alert(1)">x</a>', '<object data="javascript:alert(1)"></object>', "<!--><script>alert(1)</script>-->",
  '"><script>alert(1)</script>', "</p></div><script>alert(1)</script>", "<![CDATA[<script>alert(1)</script>]]>", "<?php <script>alert(1)</script> ?>", "&lt;script&gt;alert(1)&lt;/script&gt;", "&#x3C;script&#x3E;alert(1)",
];
const URLS = [
  "javascript:alert(1)", "JaVaScRiPt:alert(1)", "&#106;avascript:alert(1)", "java&Tab;script:alert(1)", "java&NewLine;script:alert(1)", "&#1;javascript:alert(1)", "javascript&colon;alert(1)", "%6aavascript:alert(1)",
  "\\javascript:alert(1)", "data:text/html;base64,PHNjcmlwdD4=", "vbscript:x", "//evil.example/", "\\\\\\\\evil.example/", "blob:x", "view-source:x", "https:javascript:alert(1)", 'https://x/"onmouseover="alert(1)', "#/\"><script>alert(1)</script>", "#javascript:alert(1)", "#",
];
const PLACES = [
  (url: string) => `[x](${url})`, (url: string) => `[x](<${url}>)`, (url: string) => `![x](${url})`, (url: string) => `![x](<${url}> "onerror=alert(1)")`, (url: string) => `[x]: <${url}> 'y" onload="alert(1)'\n\n[x] ![x]`,
  (url: string) => `<${url}>`, (url: string) => `[![x](<${url}>)](<${url}>)`, (url: string) => `[[x](<${url}>)](https://example.org/)`, (url: string) => `# [x](<${url}>)`,
];
const AROUND = [(html: string) => html, (html: string) => `a ${html} b`, (html: string) => `> - ${html}`, (html: string) => `# ${html}`, (html: string) => `\`\`\`${html}\n${html}\n\`\`\``, (html: string) => `\`${html}\``, (html: string) => `[${html}](https://example.org/ "${html}")`, (html: string) => `![${html}](https://example.org/)`];
const HOSTILE = [...URLS.flatMap((url) => PLACES.map((place) => place(url))), ...HTML.flatMap((html) => AROUND.map((around) => around(html)))];

describe("a hostile description", () => {
  const ELEMENTS = /^(?:a|blockquote|br|code|em|h[2-6]|hr|li|ol|p|pre|strong|ul)$/;
  const ATTRIBUTES = /^(?: start="\d+"| href="(?:https?:|mailto:|#\/)[^"<>]*"| rel="noopener noreferrer nofollow"| target="_blank")*\/?$/;

  it.each(HOSTILE)("%s has only what descriptions may have", (source) => {
    // text and attributes have no "<" of their own in what React writes
    const markup = shown(source);
    const tags = [...markup.matchAll(/<(\/?)([^\s/>]*)([^>]*)>/g)];
    expect(tags.length).toBe(markup.split("<").length - 1);
    for (const [, end, element, attributes] of tags) {
      expect(element).toMatch(ELEMENTS);
      expect(attributes).toMatch(end ? /^$/ : ATTRIBUTES);
    }
    expect(tags.map(([tag]) => tag).filter((tag) => /^<\/?a\b/.test(tag)).some((tag, at) => tag.startsWith("</") !== (at % 2 === 1)), "a link in a link").toBe(false);
  });
});
