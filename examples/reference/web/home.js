const profile = {
  name: "Ada Lovelace", email: "ada@example.org", age: 36, bio: "First programmer.",
  tags: ["math"], rating: 5, newsletter: true, phone: null,
  address: { city: "London", country: "GB" }, points: 1843,
};
const routes = [
  ["GET", "/ping", "Plain text."],
  ["GET", "/api/users/me", "A static segment wins over a parameter."],
  ["GET", "/api/users/{id}", "A parameter.", { id: "42" }],
  ["GET", "/api/users/{id}/posts/{post}", "Two parameters.", { id: "42", post: "first" }],
  ["GET", "/api/files/{*path}", "The rest of the path.", { path: "docs/readme.md" }],
  ["POST", "/api/echo", "A validated JSON body. Break a rule and see the 422.", { json: profile }],
  ["POST", "/api/upload", "A multipart body: name, size and SHA-256 of each part.", { file: true }],
  ["GET", "/api/slow?ms={ms}", "Answers after a while, to 60000 ms.", { ms: 500 }],
  ["GET", "/api/panic", "A panic is a 500 with a trace id."],
  ["GET", "/api/events?count={count}&interval_ms={interval_ms}", "Server-sent events.",
    { count: 5, interval_ms: 400 }],
  ["GET", "/api/large?bytes={bytes}", "Streamed text, to 100 MB.", { bytes: 5000 }],
  ["POST", "/api/auth/login", "Sign in, as admin or member. The page forgets it when it is reloaded.",
    { json: { username: "admin", password: "" } }],
  ["GET", "/api/me", "Who is signed in."],
  ["GET", "/api/admin/stats", "For the role admin."],
  ["POST", "/api/auth/refresh", "The next tokens. A token that comes twice ends the session."],
  ["POST", "/api/auth/logout", "Sign out: the tokens are dead at once."],
  ["GET", "/.well-known/jwks.json", "The public keys of the tokens."],
  ["GET", "/health/live", "The process lives."],
  ["GET", "/health/ready", "It may be sent traffic."],
  ["GET", "/health/build", "What is running."],
  ["GET", "/metrics", "OpenMetrics."],
  ["GET", "/nowhere", "An error, as RFC 9457."],
];
const output = document.querySelector("#answer pre");
let turn = 0; // only the answer to the last press is shown
let tokens = {}; // of the last sign-in
let source; // the event stream that is open

function show(mine, text) {
  if (mine === turn) output.textContent = text.length > 20000 ? text.slice(0, 20000) + "\n…" : text;
}

function field(name, value) {
  if (name === "json") {
    const area = document.createElement("textarea");
    area.name = name; area.value = JSON.stringify(value, null, 2);
    area.setAttribute("aria-label", "JSON body");
    return area;
  }
  const input = document.createElement("input");
  input.name = name;
  if (name === "file") { input.type = "file"; input.multiple = true; }
  else { input.type = typeof value === "number" ? "number" : "text"; input.value = value; }
  const label = document.createElement("label");
  label.append(`${name} `, input);
  return label;
}

function listen(mine, url) {
  let text = `GET ${url}\n\n`;
  show(mine, text);
  source = new EventSource(url);
  source.addEventListener("tick", (event) => { text += `tick ${event.data}\n`; show(mine, text); });
  source.onerror = ({ target }) => {
    // Closed by the browser: the answer was no stream. Else the stream ended, and would begin anew.
    const refused = target.readyState === EventSource.CLOSED;
    target.close();
    if (refused) return fetchAndShow(mine, url, { method: "GET" });
    show(mine, `${text}(the stream is over)`);
  };
}

async function ask(method, pattern, form) {
  const data = new FormData(form);
  const url = pattern.replace(/\{(\*?)(\w+)\}/g, (_, rest, name) => rest
    ? String(data.get(name)).split("/").map(encodeURIComponent).join("/")
    : encodeURIComponent(data.get(name)));
  const mine = ++turn;
  source?.close();
  if (pattern.startsWith("/api/events")) return listen(mine, url);
  const options = { method, headers: {} };
  if (tokens.access_token) options.headers.authorization = `Bearer ${tokens.access_token}`;
  const refresh = pattern === "/api/auth/refresh";
  if (refresh || data.has("json")) {
    options.body = refresh
      ? JSON.stringify({ refresh_token: tokens.refresh_token ?? "" })
      : data.get("json");
    options.headers["content-type"] = "application/json";
  } else if (data.has("file")) options.body = data;
  await fetchAndShow(mine, url, options);
}

async function fetchAndShow(mine, url, options) {
  const line = `${options.method} ${url}`;
  try {
    const answer = await fetch(url, options);
    let text = await answer.text();
    try {
      const value = JSON.parse(text);
      if (value.access_token) tokens = value;
      text = JSON.stringify(value, null, 2);
    } catch { /* not JSON */ }
    show(mine, `${line}\n${answer.status} ${answer.headers.get("content-type") ?? ""}\n\n${text}`);
  } catch (error) { show(mine, `${line}\n${error}`); }
}

for (const [method, pattern, about, fields = {}] of routes) {
  const form = document.createElement("form");
  const code = document.createElement("code");
  code.textContent = `${method} ${pattern}`;
  const text = document.createElement("span");
  text.textContent = about;
  const button = document.createElement("button");
  button.textContent = "Try";
  form.append(code, text, ...Object.entries(fields).map(([name, value]) => field(name, value)), button);
  form.addEventListener("submit", (event) => { event.preventDefault(); ask(method, pattern, form); });
  document.querySelector("#routes").append(form);
}
