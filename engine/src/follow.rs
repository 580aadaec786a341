//! A read-only handle that follows the writer in another process.

use std::sync::atomic::Ordering::Relaxed;

use lumos_wal::Log;

use crate::core::Core;
use crate::load::Loader;
use crate::manifest::Manifest;
use crate::recovery::{READ_ONLY_ATTEMPTS, WAL_DIR};
use crate::state::DbState;
use crate::{Error, Result, Seqno};

/// Brings a read-only handle up to what the writer has published; returns the last commit it sees.
pub(crate) fn refresh(core: &Core) -> Result<Seqno> {
    let Some(dir) = core.dir.as_deref().filter(|_| core.committer.is_none()) else {
        return Ok(core.state().seqno);
    };
    let mut checkpoint = core.maintenance.lock();
    let now = core.state();
    let mut attempt = 0;
    let state = loop {
        attempt += 1;
        let outcome = match catch_up(core, dir, checkpoint.manifest(), &now) {
            Ok(Some(state)) => Ok((None, state, 0)),
            Ok(None) => {
                let loader = Loader::new(&*core.vfs, dir, &core.options).knowing(&now);
                let read = loader.read();
                read.map(|(manifest, state, bytes)| (Some(manifest), state, bytes))
            }
            Err(error) => Err(error),
        };
        match outcome {
            Ok((manifest, state, bytes)) => {
                if let Some(manifest) = manifest {
                    checkpoint.follow(manifest);
                    core.replayed_bytes.store(bytes, Relaxed);
                }
                break state;
            }
            // The writer may have replaced files meanwhile; look again.
            Err(Error::Storage(_) | Error::Corruption { .. }) if attempt < READ_ONLY_ATTEMPTS => {}
            Err(error) => return Err(error),
        }
    };
    let seqno = state.seqno;
    let turn = core.publisher.turn();
    turn.publish(state);
    drop(turn);
    core.pins.retire(&now, &core.state());
    Ok(seqno)
}

/// The state after the frames that the log has gained, `None` when the manifest is another one.
fn catch_up(
    core: &Core,
    dir: &std::path::Path,
    manifest: &Manifest,
    now: &DbState,
) -> Result<Option<DbState>> {
    if Manifest::read(&*core.vfs, dir)?.unwrap_or_default() != *manifest {
        return Ok(None);
    }
    let mut frames = Vec::new();
    Log::replay(
        &*core.vfs,
        &dir.join(WAL_DIR),
        now.seqno,
        |seqno, payload| {
            frames.push((seqno, payload.to_vec()));
            Ok::<_, Error>(())
        },
    )?;
    // Applied only when all were read: rows go into segments that the current state shows too.
    let loader = Loader::new(&*core.vfs, dir, &core.options);
    let mut state = now.clone();
    for (seqno, payload) in frames {
        loader.replay(&mut state, manifest, seqno, &payload)?;
    }
    Ok(Some(state))
}
