// The CLI's overview of its commands, without its advertisement and without `prisma dev`, which does not exist here.

// A box, perhaps in colours, with a link to an advertisement, and the empty line after it.
const ADVERTISEMENT = /^[^\n]*┌─[^\n]*\n(?:[^\n]*│[^\n]*\n)*[^\n]*│[^\n]*pris\.ly\/cli\/pdp[^\n]*\n(?:[^\n]*│[^\n]*\n)*[^\n]*└─[^\n]*\n\n?/m;
const DEV = [/^ +dev   Start a local Prisma Postgres server[^\n]*\n/m, /^ +Start a local Prisma Postgres server[^\n]*\n[^\n]*prisma dev\n\n?/m];
const INIT = /Set up a new local Prisma Postgres `prisma dev`-ready project/;

/** What the CLI says, with our commands where it is the overview. */
const withOurHelp = (text) =>
  ADVERTISEMENT.test(text) ? [ADVERTISEMENT, ...DEV].reduce((rest, part) => rest.replace(part, ""), text).replace(INIT, "Set up Prisma Client Python") : text;

module.exports = { withOurHelp };
