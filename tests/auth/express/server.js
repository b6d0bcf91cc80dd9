// An Express application that shares its sessions with the API, as docs/front-end.md describes.
// It listens on a free port, which it prints.
import connectPgSimple from "connect-pg-simple";
import express from "express";
import session from "express-session";

const PgStore = connectPgSimple(session);
const store = new PgStore({ conString: process.env.DATABASE_URL, pruneSessionInterval: false });

const app = express();
app.use(
  session({
    store,
    secret: process.env.SESSION_SECRET.split(","),
    resave: false,
    saveUninitialized: false,
    cookie: { maxAge: 30 * 24 * 60 * 60 * 1000, sameSite: "lax" },
  }),
);

app.get("/session", (request, response) => {
  const { cookie, ...rest } = request.session;
  response.json(rest);
});

app.post("/session", express.json(), (request, response) => {
  Object.assign(request.session, request.body);
  response.sendStatus(204);
});

app.delete("/session", (request, response, next) => {
  request.session.destroy((error) => (error ? next(error) : response.sendStatus(204)));
});

app.post("/prune", (_request, response, next) => {
  store.pruneSessions((error) => (error ? next(error) : response.sendStatus(204)));
});

const server = app.listen(0, "127.0.0.1", () => console.log(server.address().port));
