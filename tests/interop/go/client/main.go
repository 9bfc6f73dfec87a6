// SPDX-License-Identifier: BSL-1.0
// Go's net/http against our server: `client BASE-URL TLS-URL CA`. Says "ok NAME" or "not ok NAME: WHY".
package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptrace"
	"os"
	"strings"
	"sync"
	"time"
)

var base, secure string
var pool = x509.NewCertPool()

func transport() *http.Transport {
	return &http.Transport{MaxIdleConnsPerHost: 8, ExpectContinueTimeout: 5 * time.Second,
		TLSClientConfig: &tls.Config{RootCAs: pool}}
}

type taken struct {
	Size      int64
	Announced int64
	Trailers  []string
}

func read(answer *http.Response, err error) (string, error) {
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return string(text), err
}

func expect(got, wanted any) error {
	if got != wanted {
		return fmt.Errorf("got %v, expected %v", got, wanted)
	}
	return nil
}

func keepsAConnection() error {
	client := &http.Client{Transport: transport()}
	reused := 0
	trace := &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) {
		if info.Reused {
			reused++
		}
	}}
	for i := 0; i < 50; i++ {
		request, _ := http.NewRequest("POST", base+"/inspect", strings.NewReader("body"))
		request = request.WithContext(httptrace.WithClientTrace(request.Context(), trace))
		text, err := read(client.Do(request))
		if err != nil || !strings.Contains(text, `"body":"body"`) {
			return fmt.Errorf("%v %v", text, err)
		}
	}
	return expect(reused, 49)
}

func sendsChunksAndTrailers() error {
	request, _ := http.NewRequest("PUT", base+"/take", io.MultiReader(
		strings.NewReader(strings.Repeat("a", 100000)), strings.NewReader(strings.Repeat("b", 200000))))
	request.Trailer = http.Header{"X-Sum": {"7"}}
	text, err := read((&http.Client{Transport: transport()}).Do(request))
	if err != nil {
		return err
	}
	var got taken
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		return err
	}
	return expect(fmt.Sprint(got), "{300000 -1 [X-Sum: 7]}")
}

func seesOurTrailers() error {
	answer, err := (&http.Client{Transport: transport()}).Get(base + "/drip")
	text, err := read(answer, err)
	if err != nil {
		return err
	}
	if err := expect(text, "piece 0\npiece 1\npiece 2\npiece 3\npiece 4\n"); err != nil {
		return err
	}
	return expect(answer.Trailer.Get("X-Pieces"), "5")
}

func waitsForContinue() error {
	for path, status := range map[string]int{"/take": 200, "/refuse": 403} {
		continued := false
		trace := &httptrace.ClientTrace{Got100Continue: func() { continued = true }}
		request, _ := http.NewRequest("POST", base+path, bytes.NewReader(make([]byte, 1000000)))
		request.Header.Set("Expect", "100-continue")
		request = request.WithContext(httptrace.WithClientTrace(request.Context(), trace))
		answer, err := (&http.Client{Transport: transport()}).Do(request)
		if _, err := read(answer, err); err != nil {
			return err
		}
		if answer.StatusCode != status || continued != (status == 200) {
			return fmt.Errorf("%v: %v, continued: %v", path, answer.StatusCode, continued)
		}
	}
	return nil
}

func sendsForms() error {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	form.WriteField("a\"b\\c", "value")
	file, err := form.CreateFormFile("file", "we\"ird.bin")
	if err != nil {
		return err
	}
	file.Write(bytes.Repeat([]byte("\r\n--"), 500000))
	form.Close()
	text, err := read(http.Post(base+"/parts", form.FormDataContentType(), &body))
	if err != nil {
		return err
	}
	var parts []struct {
		Name, Type, Text string
		File             *string
		Size             int
	}
	if err := json.Unmarshal([]byte(text), &parts); err != nil {
		return fmt.Errorf("%v in %v", err, text)
	}
	if len(parts) != 2 || parts[0].Name != "a\"b\\c" || parts[0].Text != "value" || parts[0].File != nil ||
		parts[1].Size != 2000000 || parts[1].File == nil || *parts[1].File != "we\"ird.bin" {
		return fmt.Errorf("%v", text)
	}
	return nil
}

func decodesAndRedirects() error {
	jar, _ := cookiejar.New(nil)
	client := &http.Client{Transport: transport(), Jar: jar}
	answer, err := client.Get(base + "/compressed/text")
	text, err := read(answer, err)
	if err != nil || len(text) != 100001 || !answer.Uncompressed {
		return fmt.Errorf("%v bytes, uncompressed: %v, %v", len(text), answer.Uncompressed, err)
	}
	text, err = read(client.Get(base + "/redirect/301/redirect/307/hello"))
	if err != nil || text != "hello\n" {
		return fmt.Errorf("%v %v", text, err)
	}
	if _, err = read(client.Get(base + "/cookies/set")); err != nil {
		return err
	}
	text, err = read(client.Get(base + "/inspect"))
	if err != nil || !strings.Contains(text, "a=1") {
		return fmt.Errorf("%v %v", text, err)
	}
	request, _ := http.NewRequest("GET", base+"/private/hello", nil)
	request.SetBasicAuth("ann", "s3cret:ü")
	text, err = read(client.Do(request))
	if err != nil || text != "hello ann\n" {
		return fmt.Errorf("%v %v", text, err)
	}
	return nil
}

func verifiesUs() error {
	client := &http.Client{Transport: transport()}
	for i := 0; i < 2; i++ {
		answer, err := client.Get(secure + "/letters/1000000")
		text, err := read(answer, err)
		if err != nil || len(text) != 1000000 || answer.TLS.NegotiatedProtocol == "h2" {
			return fmt.Errorf("%v bytes, %v", len(text), err)
		}
	}
	_, err := read((&http.Client{}).Get(secure + "/hello"))
	var unknown x509.UnknownAuthorityError
	if !errors.As(err, &unknown) {
		return fmt.Errorf("without our CA: %v", err)
	}
	return nil
}

func manyAtOnce() error {
	client := &http.Client{Transport: transport()}
	failures := make(chan error, 1000)
	var all sync.WaitGroup
	for n := 0; n < 16; n++ {
		all.Add(1)
		go func(n int) {
			defer all.Done()
			for i := 0; i < 20; i++ {
				wanted := fmt.Sprintf("/inspect?%d-%d", n, i)
				text, err := read(client.Post(base+wanted, "text/plain", strings.NewReader(strings.Repeat("x", n*1000))))
				if err != nil || !strings.Contains(text, wanted) {
					failures <- fmt.Errorf("%v %v", text, err)
				}
			}
		}(n)
	}
	all.Wait()
	close(failures)
	return <-failures
}

func leavesInTheMiddle() error {
	for i := 0; i < 5; i++ {
		answer, err := (&http.Client{Transport: transport()}).Get(base + "/letters/50000000")
		if err != nil {
			return err
		}
		if _, err = io.ReadFull(answer.Body, make([]byte, 1000)); err != nil {
			return err
		}
		answer.Body.Close()
	}
	return nil
}

func main() {
	base, secure = os.Args[1], os.Args[2]
	pem, err := os.ReadFile(os.Args[3])
	if err != nil || !pool.AppendCertsFromPEM(pem) {
		fmt.Println("no CA in", os.Args[3], err)
		os.Exit(1)
	}
	for _, one := range []struct {
		name string
		run  func() error
	}{
		{"go keeps a connection", keepsAConnection},
		{"go sends chunks and trailers", sendsChunksAndTrailers},
		{"go sees our trailers", seesOurTrailers},
		{"go waits for 100 Continue", waitsForContinue},
		{"go sends forms", sendsForms},
		{"go decodes and follows redirects", decodesAndRedirects},
		{"go verifies our certificate", verifiesUs},
		{"go calls with many at once", manyAtOnce},
		{"go leaves in the middle", leavesInTheMiddle},
	} {
		if err := one.run(); err != nil {
			fmt.Printf("not ok %s: %.500s\n", one.name, strings.ReplaceAll(err.Error(), "\n", " | "))
		} else {
			fmt.Println("ok", one.name)
		}
	}
}
