# Everything there is to do here. `make run` and `make test` need cargo and make, nothing else.

# Packages that prove or measure the crate; each is a workspace of its own.
PACKAGES := $(wildcard tests/*/Cargo.toml)

# Where all of them are built, so that what they share is built once.
TARGET := $(or $(CARGO_TARGET_DIR),target)

.PHONY: help run test msrv lint doc certs package bench peers peers-smoke instructions fuzz deflate schedules interop autobahn soak clean

# How long each target of `make fuzz` runs.
FUZZ_SECONDS = 60

# How long `make soak` keeps its traffic up, in seconds.
FOR ?= 600

# The commit that `make instructions` compares this tree with.
BASE ?= HEAD^

help:
	@echo "make run      serve the chapter: seven doors on 127.0.0.1, each with a line to try (ARGS=--help tells more)"
	@echo "make test     unit tests, documentation tests, vectors, rows, and the allocation counter"
	@echo "make msrv     the oldest Rust that Cargo.toml promises: all of it compiles, and the unit tests pass (rustup)"
	@echo "make lint     formatting, clippy and rustdoc, with no warning left"
	@echo "make doc      build the documentation and say where it is"
	@echo "make certs    the test certificates in fixtures/tls, anew (openssl 3)"
	@echo "make package  what cargo publishes, unpacked: its own 'make test' passes"
	@echo "make bench    head decoding beside httparse, framing, compression, memory of an idle connection, instructions (crates.io, python3, npm, valgrind)"
	@echo "make peers    beside hyper, tungstenite, fastwebsockets, ureq and a bare loop, in ten minutes; ARGS=--help (crates.io, python3)"
	@echo "make instructions  instructions a request beside those of BASE=HEAD^; more than 3 % worse fails (python3, valgrind)"
	@echo "make fuzz     every decoder fed with what nobody thought of, FUZZ_SECONDS=60 each (crates.io, a C++ compiler)"
	@echo "make deflate  what is compressed here, decompressed by others, and the reverse; CASES=10000 inputs (crates.io, python3)"
	@echo "make schedules barewire's own threads under thousands of schedules each (TIMES=50 for more, SEED=… for one; crates.io)"
	@echo "make interop  curl, Chromium, HAProxy, squid, Apache and thirty others against the demos (python3, and what it finds)"
	@echo "make autobahn the Autobahn|Testsuite against the WebSocket demos (a Python 2.7, or pyenv)"
	@echo "make soak     mixed traffic and faults at all servers for FOR=600 seconds, then what is left over (crates.io)"
	@echo "make clean    remove what was built"

run:
	cargo run --release --bin chapter -- $(ARGS)

# Most tests wait for each other's bytes: more of them at once than there are cores.
export RUST_TEST_THREADS ?= 8

test:
	cargo test
	$(if $(wildcard tests/alloc/Cargo.toml),cargo run --quiet --package barewire-alloc)

# The oldest toolchain that works, once it is here. All tests on it: RUSTUP_TOOLCHAIN=VERSION make test
RUST_VERSION := $(shell sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)

msrv:
	rustup toolchain install --profile minimal --no-self-update $(RUST_VERSION)
	cargo +$(RUST_VERSION) test --no-run --target-dir $(TARGET)/msrv
	cargo +$(RUST_VERSION) test --lib --target-dir $(TARGET)/msrv

lint:
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings
	@for package in $(PACKAGES); do \
	    echo "lint $$package"; \
	    cargo fmt --check --manifest-path $$package || exit 1; \
	    cargo clippy --all-targets --manifest-path $$package --target-dir $(TARGET) -- -D warnings || exit 1; \
	done
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps

doc:
	cargo doc --no-deps
	@echo "open target/doc/barewire/index.html"

certs:
	OUT=fixtures/tls sh tests/certs.sh

# Takes as long as a first `make test`, and needs no network when the dependencies are there.
package:
	rm -rf $(TARGET)/package
	cargo package --offline --no-verify --allow-dirty --target-dir $(TARGET)
	cd $(TARGET)/package && tar -xzf barewire-*.crate
	cd $(TARGET)/package/barewire-*/ && timeout 1200 $(MAKE) test CARGO_TARGET_DIR=$(abspath $(TARGET))

# The published crate has none of these folders: a target that needs one says so.
bench instructions: | tests/bench
peers peers-smoke: | tests/peers
fuzz: | tests/fuzz
deflate: | tests/deflate
schedules: | tests/schedules
interop autobahn: | tests/interop
soak: | tests/soak
tests/%:
	@echo "$@ is in the repository of barewire, and not in the published crate"
	@false

bench:
	cargo run --release --manifest-path tests/bench/Cargo.toml --bin head_decode
	cargo run --release --manifest-path tests/bench/Cargo.toml --bin framing
	cargo run --release --manifest-path tests/bench/Cargo.toml --bin pipe
	cargo run --release --manifest-path tests/bench/Cargo.toml --bin deflate
	cargo run --release --manifest-path tests/bench/Cargo.toml --bin ws_mask
	cargo run --release --manifest-path tests/bench/Cargo.toml --bin ws_flood
	cargo run --release --manifest-path tests/bench/Cargo.toml --bin ws_slow
	cargo run --release --manifest-path tests/bench/Cargo.toml --bin tls_duplex
	cargo run --release --manifest-path tests/bench/Cargo.toml --bin tls_handshakes
	cargo build --profile fastest --bin http_server --bin ws_server --bin tcp_echo --bin tls_echo
	python3 tests/bench/idle.py
	python3 tests/bench/idle.py --tls
	python3 tests/bench/idle.py --ws
	python3 tests/bench/ws_deflate.py
	python3 tests/bench/idle.py --after pipelined --rest 10
	python3 tests/bench/slow_peers.py
	python3 tests/bench/instructions.py

peers:
	cargo build --release --manifest-path tests/peers/Cargo.toml --target-dir $(TARGET)
	cargo build --profile fastest --bin http_server --bin ws_server --target-dir $(TARGET)
	python3 tests/peers/compare.py $(ARGS)

# Whether each contestant answers rightly; nothing is optimized, and no figure means anything.
peers-smoke:
	cargo build --manifest-path tests/peers/Cargo.toml --target-dir $(TARGET)
	cargo build --bin http_server --bin ws_server --target-dir $(TARGET)
	python3 tests/peers/compare.py --debug --rounds 1 --secs 0.2 --skip instructions

instructions:
	python3 tests/bench/instructions.py --against '$(BASE)'

fuzz:
	cargo run --quiet --manifest-path tests/fuzz/Cargo.toml --target-dir $(TARGET) -- $(FUZZ_SECONDS) $(ARGS)

# CASES, SEED: see tests/deflate/README.md.
deflate:
	cargo test --release --quiet --manifest-path tests/deflate/Cargo.toml --target-dir $(TARGET) -- $(ARGS)

# TIMES, SEED: see tests/schedules/README.md.
schedules:
	cargo test --quiet --manifest-path tests/schedules/Cargo.toml --target-dir $(TARGET) -- $(ARGS)

interop:
	python3 tests/interop/run.py

autobahn:
	python3 tests/interop/autobahn.py $(if $(ALL),--all)
	python3 tests/interop/autobahn.py --tls $(if $(ALL),--all)

soak:
	cargo run --release --quiet --manifest-path tests/soak/Cargo.toml --target-dir $(TARGET) -- $(FOR) $(ARGS)

clean:
	cargo clean
	@for package in $(PACKAGES); do cargo clean --manifest-path $$package; done
