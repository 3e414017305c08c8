//! What a real browser makes of CORS, refusals and codings.

use serde_json::{Value, json};

use crate::browser::Page;
use crate::process::Reference;

/// A page that may ask other origins: the policy of this project lets its pages ask their own.
fn page() -> Option<Page> {
    Page::open_with(&[("APP_SECURITY_HEADERS_ENABLED", "false")])
}

/// An application of another origin, with few requests to spare.
fn other() -> Reference {
    let few = [
        ("APP_ABUSE_GUARD_RATE", "1"),
        ("APP_ABUSE_GUARD_BURST", "30"),
    ];
    Reference::start(&["--addr", "127.0.0.1:0"], &few)
}

const ASK: &str = r#"
const ask = async (path, init) => {
  try {
    const response = await fetch(api + path, init);
    return [response.status, response.type, await response.text()];
  } catch (error) {
    return [0, error.name, error.message];
  }
};
const echo = (method, headers) => ask("/api/echo", {
  method,
  headers,
  body: JSON.stringify({ name: "Ada", email: "ada@example.org", age: 36, bio: "London" }),
});
"#;

fn check(answer: &Value, status: u16, part: &str) {
    assert_eq!(answer[0], status, "{answer}");
    assert_eq!(answer[1], if status == 0 { "TypeError" } else { "cors" });
    assert!(
        answer[2].as_str().unwrap().contains(part),
        "{part}: {answer}"
    );
}

// acceptance 21.1 (30), 21.2 (11)
#[test]
fn page_of_another_origin_reads_answers_preflighted_ones_and_refusals() {
    let Some(mut page) = page() else { return };
    let other = other();
    let script = format!("const api = 'http://{}'; {ASK}", other.addr)
        + r#"
        const json = { "content-type": "application/json" };
        const answers = {
          simple: await ask("/ping"),
          preflighted: await echo("POST", json),
          authorized: await echo("POST", { ...json, authorization: "Bearer nobody" }),
          wrong: await echo("PUT", json),
          forged: await echo("POST", { ...json, "x-forged": "1" }),
          missing: await ask("/nowhere"),
          panic: await ask("/api/panic"),
          cookies: await ask("/ping", { credentials: "include" }),
        };
        for (let n = 0; n < 1000; n += 1) {
          answers.often = await ask("/ping");
          if (answers.often[0] !== 200) break;
        }
        return answers;"#;
    let answers = page.run(&script);
    check(&answers["simple"], 200, "pong");
    check(&answers["preflighted"], 200, "London");
    check(&answers["authorized"], 200, "London");
    check(&answers["wrong"], 405, "\"code\":\"method_not_allowed\"");
    check(&answers["missing"], 404, "\"code\":\"not_found\"");
    check(&answers["panic"], 500, "\"code\":\"internal\"");
    check(&answers["often"], 429, "\"code\":\"rate_limited\"");
    // What was not allowed, and an answer to a stranger's cookies, cannot be read.
    check(&answers["forged"], 0, "fetch");
    check(&answers["cookies"], 0, "fetch");
}

// acceptance 21.2 (13)
#[test]
fn browser_decodes_every_coding() {
    let Some(mut page) = Page::open_with(&[]) else {
        return;
    };
    page.call("Network.enable", &json!({}));
    for (accepted, coding) in [
        (None, "zstd"),
        (Some("br"), "br"),
        (Some("gzip"), "gzip"),
        (Some("zstd"), "zstd"),
    ] {
        // Without a word of ours it is what the browser says to a page of this machine.
        if let Some(accepted) = accepted {
            let headers = json!({ "headers": { "Accept-Encoding": accepted } });
            page.call("Network.setExtraHTTPHeaders", &headers);
        }
        let got = page.run(
            r#"
            const response = await fetch("/api/large?bytes=3000000", { cache: "no-store" });
            const text = await response.text();
            const line = "The quick brown fox jumps over the lazy dog, again and again and again."
              + "\n";
            return {
              coding: response.headers.get("content-encoding"),
              vary: response.headers.get("vary"),
              length: text.length,
              same: text === line.repeat(50000).slice(0, 3000000),
            };"#,
        );
        assert_eq!(got["coding"], coding, "{got}");
        assert_eq!(
            (&got["length"], &got["same"]),
            (&json!(3_000_000), &json!(true))
        );
        assert!(got["vary"].as_str().unwrap().contains("Accept-Encoding"));
    }
}
