// SPDX-License-Identifier: BSL-1.0
// Go's net/http as an origin for our client: prints "http PORT" and serves until it is ended. Idle connections
// are closed after 300 ms.
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

func main() {
	var accepted int64
	routes := http.NewServeMux()
	routes.HandleFunc("/hello", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello from go") })
	routes.HandleFunc("/accepted", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, atomic.LoadInt64(&accepted))
	})
	// What came, in chunks, with its trailer and one of its own. All of it is read first: once an answer has
	// begun, net/http drops up to 256 KiB of the request.
	routes.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "X-Size")
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		w.Write(body)
		w.Header().Set("X-Size", fmt.Sprint(len(body)))
		w.Header().Set(http.TrailerPrefix+"X-Theirs", r.Trailer.Get("X-Sum"))
	})
	routes.HandleFunc("/drip", func(w http.ResponseWriter, r *http.Request) {
		for i := 0; i < 5; i++ {
			fmt.Fprintf(w, "piece %d\n", i)
			w.(http.Flusher).Flush()
			time.Sleep(20 * time.Millisecond)
		}
	})
	routes.HandleFunc("/refuse", func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "no", http.StatusForbidden)
	})
	routes.HandleFunc("/large", func(w http.ResponseWriter, r *http.Request) {
		io.Copy(w, io.LimitReader(letters{}, 10_000_000))
	})
	routes.HandleFunc("/abort", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, strings.Repeat("x", 10000))
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})
	routes.Handle("/moved", http.RedirectHandler("/hello", http.StatusMovedPermanently))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	server := &http.Server{Handler: routes, IdleTimeout: 300 * time.Millisecond,
		ConnState: func(c net.Conn, s http.ConnState) {
			if s == http.StateNew {
				atomic.AddInt64(&accepted, 1)
			}
		}}
	fmt.Println("http", listener.Addr().(*net.TCPAddr).Port)
	server.Serve(listener)
}

type letters struct{}

func (letters) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'a'
	}
	return len(p), nil
}
