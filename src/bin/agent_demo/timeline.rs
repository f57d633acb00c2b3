//! A line for each request: dots while it waits for a socket, a bar while it has one.

use std::fmt::Write;
use std::time::{Duration, Instant};

/// The times of one request.
pub(crate) struct Row {
    pub(crate) number: usize,
    pub(crate) asked: Instant,
    /// How long it waited for a socket.
    pub(crate) waited: Duration,
    pub(crate) ended: Instant,
    /// Our port of its socket.
    pub(crate) port: u16,
}

/// With the words at both ends, a line fits into 80 columns.
const WIDTH: usize = 36;

/// The rows in order. Sockets are numbered in the order in which they appear.
pub(crate) fn draw(rows: &[Row], began: Instant) -> String {
    let end = rows.iter().map(|row| row.ended).max().unwrap_or(began);
    let whole = end.saturating_duration_since(began);
    let column = |at: Instant| scaled(at.saturating_duration_since(began), whole);
    let scale = format!("{} ms", whole.as_millis());
    let mut out = format!("{:13}0{scale:>35}\n", "");
    let mut ports: Vec<u16> = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        let (start, end) = (column(row.asked), column(row.ended));
        let dots = column(row.asked + row.waited) - start;
        let dots = dots.max(usize::from(!row.waited.is_zero())); // at least one
        let waiting = "·".repeat(dots);
        let busy = "█".repeat(end.saturating_sub(start + dots).max(1));
        let bar = format!("{}{waiting}{busy}", " ".repeat(start));
        let number = ports.iter().position(|port| *port == row.port);
        let number = number.unwrap_or_else(|| {
            ports.push(row.port);
            ports.len() - 1
        });
        let _ = write!(
            out,
            "request {:>3}  {bar:<37}  socket {}",
            row.number,
            number + 1
        );
        let mut before = rows[..at].iter().rev();
        if let Some(before) = before.find(|before| before.port == row.port) {
            let _ = write!(out, ", after request {}", before.number);
        }
        out.push('\n');
    }
    let _ = writeln!(
        out,
        "\n{} requests, {} connections",
        rows.len(),
        ports.len()
    );
    out
}

fn scaled(time: Duration, whole: Duration) -> usize {
    let whole = whole.as_micros().max(1);
    (time.as_micros().min(whole) * WIDTH as u128 / whole) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_bars_and_sockets() {
        let began = Instant::now();
        let at = |ms| began + Duration::from_millis(ms);
        let row = |number, times: [u64; 3], port| Row {
            number,
            asked: at(times[0]),
            waited: Duration::from_millis(times[1]),
            ended: at(times[2]),
            port,
        };
        let rows = [
            row(1, [0, 0, 100], 7),
            row(2, [0, 0, 0], 9),
            row(3, [50, 50, 200], 7),
        ];
        let bars = [
            "█".repeat(18) + &" ".repeat(19),
            "█".to_owned() + &" ".repeat(36),
            " ".repeat(9) + &"·".repeat(9) + &"█".repeat(18) + " ",
        ];
        let lines = [
            format!("             0{:>35}", "200 ms"),
            format!("request   1  {}  socket 1", bars[0]),
            format!("request   2  {}  socket 2", bars[1]),
            format!("request   3  {}  socket 1, after request 1", bars[2]),
        ];
        let drawn = draw(&rows, began);
        assert_eq!(drawn, lines.join("\n") + "\n\n3 requests, 2 connections\n");
    }
}
