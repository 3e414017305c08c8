//! The file of the log, opened again after a rotation from outside.

use plumego_observe::log::LogWriter;
use plumego_stdx::may_pass;

use super::{Changes, Refused, Reload};

/// Opens the file again with every reload: `logrotate` moves it away and sends SIGHUP.
pub(crate) struct LogFile {
    writer: LogWriter,
}

impl LogFile {
    pub(crate) fn new(writer: LogWriter) -> Self {
        Self { writer }
    }
}

impl Reload for LogFile {
    fn name(&self) -> &'static str {
        "log"
    }

    async fn reload(&self) -> Result<Changes, Refused> {
        let writer = self.writer.clone();
        let reopened = tokio::task::spawn_blocking(move || writer.reopen()).await;
        match reopened {
            Ok(Ok(true)) => Ok(Changes::none().changed("the log goes to a new file")),
            Ok(Ok(false)) => Ok(Changes::none()),
            Ok(Err(error)) => {
                let refused = Refused::new(error.to_string());
                Err(if may_pass(&error) {
                    refused.passing()
                } else {
                    refused
                })
            }
            Err(_) => Err(Refused::new("opening the log again panicked")),
        }
    }
}
