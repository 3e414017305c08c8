//! What `cargo xtask bench static` measures: a folder of files, bare or with the ordinary stack.

#![expect(clippy::disallowed_methods, reason = "a program reads its arguments")]

use plumego::frontend::Frontend;
use plumego::observe::log::LogFormat;
use plumego::prelude::*;
use task::Settings;

fn main() -> Result<(), Error> {
    let (mut root, mut rest) = (None, Vec::new());
    for argument in std::env::args().skip(1) {
        match argument.strip_prefix("root=") {
            Some(folder) => root = Some(folder.to_owned()),
            None => rest.push(argument),
        }
    }
    let wrong = |wrong: String| Error::validation("arguments", wrong);
    let settings = Settings::parse(rest.into_iter()).map_err(wrong)?;
    let root = root.ok_or_else(|| wrong("`root`: expected a folder".to_owned()))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(settings.workers)
        .enable_all()
        .build()?;
    runtime.block_on(serve(settings, root))
}

async fn serve(settings: Settings, root: String) -> Result<(), Error> {
    let mut config = ServerConfig::default();
    config.addrs = vec![format!("127.0.0.1:{}", settings.port)];
    config.abuse_guard_rate = u64::from(settings.rate);
    config.abuse_guard_burst = u64::from(settings.burst);
    config.log_format = LogFormat::Json;
    config.log_file.clone_from(&settings.log);
    App::builder()
        .config(config)
        .guards(move |guards| {
            if settings.production {
                guards.access_log = settings.log.is_some();
                guards.metrics = settings.metrics;
            } else {
                *guards = Guards::none();
            }
        })
        .component(Frontend::dir(root))
        .build()?
        .run()
        .await
}
