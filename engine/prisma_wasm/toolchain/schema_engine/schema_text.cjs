// The text of a Prisma schema: its blocks and lines, found without being misled by comments and strings.
// prisma_wasm/schema_text.py follows the same grammar.

const PARTS = /"(?:[^"\\\x00-\x1f]|\\.)*"|\{[^\r\n]*|\/\/[^\r\n]*|\/\*[\s\S]*?\*\//g;
const HEADER = /^[^\S\r\n]*(model|view|enum|type|generator|datasource)\s+([\w-]+)\s*\{/;
const LINE = /[^\r\n]*(?:\r\n|\r|\n|$)/g;

/** The text with spaces for comments and what is in strings; everything stands where it stood. */
const masked = (text) =>
  text.replace(PARTS, (part) => {
    if (part.startsWith("{")) return `{${blank(part.slice(1))}`;
    return part.startsWith('"') ? `"${blank(part.slice(1, -1))}"` : blank(part);
  });

const blank = (text) => text.replace(/[^\r\n]/g, " ");

/**
 * The blocks of a schema: {kind, name, header, lines}. `header` is {start, text} of the kind's word, and a line is
 * {start, text, mask} without its end, where `text` is as written and `mask` as `masked` shows it.
 */
function blocks(text) {
  const mask = masked(text);
  const found = [];
  let open = null;
  for (const { 0: whole, index } of mask.matchAll(LINE)) {
    const line = whole.replace(/[\r\n]+$/, "");
    let [rest, start] = [line, index];
    if (open) {
      const closing = /^\s*\}/.exec(line);
      if (!closing) {
        open.lines.push({ start: index, text: text.slice(index, index + line.length), mask: line });
        continue;
      }
      open = null;
      rest = line.slice(closing[0].length);
      start += closing[0].length;
    }
    const header = HEADER.exec(rest);
    if (!header) continue;
    const at = start + header[0].indexOf(header[1]);
    found.push((open = { kind: header[1], name: header[2], header: { start: at, text: header[1] }, lines: [] }));
  }
  return found;
}

/** The text with edits [{start, text, to}, ...] made: `to` stands where `text` stood. */
function edited(text, edits) {
  const backwards = [...edits].sort((one, other) => other.start - one.start);
  return backwards.reduce((all, { start, text, to }) => all.slice(0, start) + to + all.slice(start + text.length), text);
}

module.exports = { blocks, edited, masked };
