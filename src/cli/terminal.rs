//! The terminal that a person sits at: its width, whether it has links, and the line that says how far the work is.

use std::io::{self, IsTerminal, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::intern::{self, Text};
use crate::outputs::text::number;
use crate::progress::{FOUND, LAYERS, LISTED, READ, UNPACKED};

/// What CI systems set, whose logs are no terminals though some look like one.
const CI: &[&str] =
    &["CI", "GITHUB_ACTIONS", "GITLAB_CI", "TF_BUILD", "TEAMCITY_VERSION", "JENKINS_URL", "BUILDKITE", "CIRCLECI"];

fn is_set(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|value| !value.is_empty() && value != "false" && value != "0")
}

/// Says whether a person can sit at a stream: no CI system, and a terminal that obeys sequences.
fn is_live(is_terminal: bool) -> bool {
    is_terminal && !is_dumb() && !CI.iter().any(|name| is_set(name))
}

/// Says whether the terminal takes text alone.
pub fn is_dumb() -> bool {
    std::env::var_os("TERM").is_some_and(|term| term == "dumb")
}

/// Returns how wide standard output is, in columns, where it is a terminal: by `COLUMNS`, else as the terminal says. 0 means
/// that there is no limit, as in a pipe.
pub fn width() -> usize {
    if !io::stdout().is_terminal() {
        return 0;
    }
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.trim().parse::<u16>().ok());
    columns.into_iter().chain(asked()).find(|columns| *columns > 0).map_or(0, usize::from)
}

/// Asks the terminal for its width; one that has no height (as `script` makes it) may have a width all the same.
#[cfg(unix)]
fn asked() -> Option<u16> {
    rustix::termios::tcgetwinsize(io::stdout()).ok().map(|size| size.ws_col)
}

/// Asks the terminal for its width.
#[cfg(windows)]
fn asked() -> Option<u16> {
    terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| width.0)
}

/// Returns the machine's name for links to its files, where standard output is a terminal that has links; none in a pipe
/// or the log of a CI system, whatever is forced, so that no path of the machine stands in any file.
pub fn link_host() -> Option<Text> {
    let has_links = || is_set("KITTY_WINDOW_ID") || is_set("GHOSTTY_RESOURCES_DIR");
    let is_forced = std::env::var_os("FORCE_HYPERLINK").is_some();
    // FORCE_HYPERLINK=0 means none, and that is asked before anything else.
    let has_links = supports_hyperlinks::supports_hyperlinks() || (!is_forced && has_links());
    if !is_live(io::stdout().is_terminal()) || !has_links {
        return None;
    }
    let host = gethostname::gethostname();
    let host =
        host.to_str().filter(|host| host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte)));
    // On Windows a host in front of a path would be a share.
    Some(host.filter(|_| !cfg!(windows)).map_or("", intern::text))
}

/// How long work may take before it is told how far it is.
const PATIENCE: Duration = Duration::from_millis(300);
/// How often that is told.
const BEAT: Duration = Duration::from_millis(100);

/// What is known of the line at the foot of the screen.
pub struct Line {
    /// Whether it is there.
    is_shown: bool,
    /// Whether results are being printed: then there is none any more.
    is_over: bool,
}

static LINE: Mutex<Line> = Mutex::new(Line { is_shown: false, is_over: false });

/// Says on standard error how far the work is, from some time after the start until it is dropped. Nothing of it stays.
pub struct Ticker(Option<(Sender<()>, JoinHandle<()>)>);

impl Ticker {
    /// Starts, where a person can see it.
    pub fn start(is_wanted: bool) -> Self {
        if !is_wanted || !is_live(io::stderr().is_terminal()) {
            return Ticker(None);
        }
        let (stop, stopped) = channel();
        let thread = thread::Builder::new().name("ticker".to_owned()).spawn(move || tick(&stopped)).ok();
        Ticker(thread.map(|thread| (stop, thread)))
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.0.take() {
            drop(stop);
            let _ = thread.join();
        }
    }
}

fn tick(stopped: &Receiver<()>) {
    let mut wait = PATIENCE;
    let mut last = String::new();
    while stopped.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
        wait = BEAT;
        let mut line = LINE.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(words) = far().filter(|words| !line.is_over && (!line.is_shown || *words != last)) else { continue };
        line.is_shown = write!(io::stderr().lock(), "\r\u{1b}[Kdriftgate: {words}").is_ok();
        last = words;
    }
    drop(clear());
}

/// Returns how far the work is, as far as that can be told.
fn far() -> Option<String> {
    let [listed, found, read, layers, unpacked] =
        [&LISTED, &FOUND, &READ, &LAYERS, &UNPACKED].map(crate::progress::Counter::get);
    if unpacked < layers {
        return Some(format!("{} of {} layers unpacked", number(unpacked), number(layers)));
    }
    if read < found {
        return Some(format!("{} of {} files read", number(read), number(found)));
    }
    if found > 0 {
        return Some(format!("{} files read", number(read)));
    }
    (listed > 0).then(|| format!("{} files looked at", number(listed)))
}

/// Takes the line away, so that something else can be said; it may come back once what is returned is dropped.
pub fn clear() -> MutexGuard<'static, Line> {
    let mut line = LINE.lock().unwrap_or_else(PoisonError::into_inner);
    if std::mem::take(&mut line.is_shown) {
        let _ = write!(io::stderr().lock(), "\r\u{1b}[K");
    }
    line
}

/// Takes the line away for good: results follow.
pub fn end() {
    clear().is_over = true;
}
