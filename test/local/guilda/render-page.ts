import { escapeHtml } from "./escape-html.ts";

const STYLE = `:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: 0.4rem 0.8rem 0.4rem 0; border-top: 1px solid #8884; }
td.figure { white-space: nowrap; font-variant-numeric: tabular-nums; }
code { font-size: 0.85em; overflow-wrap: anywhere; }
small { color: GrayText; }`;

/**
 * A page that loads nothing and runs nothing: names of files and code come from strangers, so all text is escaped, and the page's own
 * policy refuses scripts, frames and requests should that ever fail.
 *
 * @param paragraphs as text.
 * @param body as HTML.
 */
export function renderPage({
  title,
  paragraphs,
  body,
}: {
  title: string;
  paragraphs: readonly string[];
  body: readonly string[];
}): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escapeHtml(title)}</h1>
${paragraphs.map((line) => `<p>${escapeHtml(line)}</p>`).join("\n")}
${body.join("\n")}
</body>
</html>
`;
}
