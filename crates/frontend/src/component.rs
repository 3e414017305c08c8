//! A site as a part of an application.

use std::sync::Arc;

use plumego_component::{Component, Setup};
use plumego_contract::{Error, Health};

use crate::Frontend;
use crate::site::Files;

/// Its files are routes at the prefix that [`Frontend::at`] names. It is unhealthy while its folder
/// cannot be read.
impl Component for Frontend {
    fn name(&self) -> &'static str {
        self.name
    }

    fn install(&self, setup: &mut Setup<'_>) -> Result<(), Error> {
        let site = self.build()?;
        site.register(setup.metrics(), self.name)
            .map_err(Error::internal)?;
        if let Files::Disk(disk) = &site.inner().files {
            let dir = Arc::clone(disk.dir());
            setup.health(move || look(Arc::clone(&dir)));
        }
        setup.routes(|routes| routes.site(&self.prefix, site));
        Ok(())
    }
}

async fn look(dir: Arc<crate::source::Dir>) -> Health {
    let looked = tokio::task::spawn_blocking(move || dir.path().read_dir().map(drop)).await;
    match looked {
        Ok(Ok(())) => Health::healthy(),
        _ => Health::unhealthy("the folder of the site cannot be read"),
    }
}

#[cfg(test)]
mod tests {
    use plumego_contract::HealthStatus;

    use super::*;
    use crate::source::Dir;

    #[tokio::test]
    async fn a_folder_that_goes_is_unhealthy() {
        let folder = tempfile::tempdir().unwrap();
        let dir = Arc::new(Dir::new(folder.path().to_owned(), 0, true));
        assert_eq!(look(Arc::clone(&dir)).await.status, HealthStatus::Healthy);
        folder.close().unwrap();
        assert_eq!(look(dir).await.status, HealthStatus::Unhealthy);
    }
}
