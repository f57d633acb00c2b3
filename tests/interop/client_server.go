// A server for our client: what Go's net/http says. Prints its port.
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
)

func main() {
	http.HandleFunc("/length", func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "hello\n")
	})
	http.HandleFunc("/trailers", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Trailer", "X-Lines")
		for line := 1; line <= 3; line++ {
			fmt.Fprintf(w, "line %d\n", line)
			w.(http.Flusher).Flush()
		}
		w.Header().Set("X-Lines", "3")
	})
	http.HandleFunc("/hints", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", "</style.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		io.WriteString(w, "after the hints\n")
	})
	http.HandleFunc("/count", func(w http.ResponseWriter, r *http.Request) {
		bytes, _ := io.Copy(io.Discard, r.Body) // the first read sends the 100
		fmt.Fprintln(w, bytes, r.TransferEncoding)
	})
	http.HandleFunc("/refused", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "no", http.StatusRequestEntityTooLarge)
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	panic(http.Serve(listener, nil))
}
