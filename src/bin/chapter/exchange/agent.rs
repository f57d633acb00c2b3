//! Ten requests of an agent that may open five sockets.

#[path = "../../agent_demo/order.rs"]
mod order;

use super::http::wait_until;
use super::stage::{Exchange, Stage, Stop, exchanges, values};
use crate::log::Side;
use barewire::http::pool::Limits;
use barewire::http::{self, Agent, ClientEvents, RequestOptions};
use barewire::net::Stream;
use barewire::trace::wire::Protocol;
use order::Order;
use std::sync::Arc;
use std::thread::{self, Builder};

const SOCKETS: usize = 5;
const REQUESTS: usize = 10;

exchanges! { "7.3", "http";
    "agent.five", false, five, ["agent_demo"];
}

/// The server answers in the order of the requests, each when the answer before it has been read. So every run is alike.
fn five(stage: &Stage) -> Result<(), Stop> {
    let order = Arc::new(Order::default());
    let agent = Agent::new(Limits {
        max_sockets: SOCKETS,
        ..Limits::default()
    })?;
    let (cut_order, cut_agent) = (Arc::clone(&order), agent.clone());
    stage.on_end(move || {
        (0..REQUESTS).for_each(|_| cut_order.advance());
        cut_agent.close();
    });
    let address = stage.keep(serve(&order)?); // behind the above: its end waits for its handlers
    let options = RequestOptions::new()
        .url(&format!("http://{address}/"))?
        .agent(&agent)
        .timeout(stage.left())
        .create_connection(stage.connector(Protocol::Http));
    report(stage, &agent);
    thread::scope(|scope| {
        let mut requests = Vec::new();
        for number in 1..=REQUESTS {
            let options = options.clone().path(&format!("/{number}"));
            let request =
                Builder::new().spawn_scoped(scope, move || ask(stage, number, options))?;
            // The next request comes behind this one in the agent's queue.
            wait_until(stage, || {
                let totals = agent.totals();
                totals.sockets + totals.requests >= number || request.is_finished()
            })?;
            requests.push(request);
        }
        report(stage, &agent);
        for request in requests {
            order.advance(); // now the server may answer it
            request.join().map_err(|_| Stop("a panic".into()))??;
            report(stage, &agent);
        }
        Ok(())
    })
}

fn serve(order: &Arc<Order>) -> std::io::Result<barewire::net::Handle> {
    let order = Arc::clone(order);
    let server = http::create_server(move |req, res| {
        let number = req.path()[1..].parse().unwrap_or_default();
        order.wait_for(number);
        res.end(format!("answer {number}\n"))
    });
    server.listen("127.0.0.1:0")
}

fn ask(stage: &Stage, number: usize, options: RequestOptions) -> Result<(), Stop> {
    let on_socket = OnSocket(stage.clone(), number);
    let mut response = http::request(options)?.on(on_socket).end("")?;
    response.collect()?; // with its last byte the socket goes to the next request
    stage.saw(Side::Client, "agent.answered", values!(request = number));
    Ok(())
}

/// With the number of the request.
struct OnSocket(Stage, usize);

impl ClientEvents for OnSocket {
    fn socket(&mut self, stream: &dyn Stream, reused: bool) {
        let port = stream.local_addr().ok().and_then(|address| address.port());
        let (request, port) = (&self.1, port.unwrap_or_default());
        let key = match reused {
            true => "agent.reused",
            false => "agent.socket",
        };
        self.0.saw(Side::Client, key, values!(request, port));
    }
}

fn report(stage: &Stage, agent: &Agent) {
    let it = agent.totals();
    stage.saw(
        Side::Client,
        "agent.totals",
        values!(
            sockets = it.sockets,
            requests = it.requests,
            free = it.free_sockets
        ),
    );
}
