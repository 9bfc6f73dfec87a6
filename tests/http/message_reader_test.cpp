// SPDX-License-Identifier: BSL-1.0
// The reader of messages: what it understands, what it refuses and why, whatever the pieces are.
#include "detail/message_reader.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace fairlead::http::detail {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

// Feeds `text` in pieces of `piece` bytes, as a connection would.
template <class Message>
struct reading {
  message_reader<Message> reader;
  Message message;
  progress last = progress::more;
  std::string left;  // not taken

  explicit reading(
      std::string_view text, std::size_t piece = 1 << 20, reader_limits limits = {},
      typename message_reader<Message>::body_rule rule = message_reader<Message>::body_rule::normal,
      std::uint64_t cut_at = 0) {
    reader.begin(message, limits, rule);
    while (last != progress::done && last != progress::failed) {
      const auto step = reader.feed(left);
      left.erase(0, step.taken);
      last = step.now;
      if (last == progress::head && cut_at > 0) {
        reader.limit_body(cut_at, overflow::cut);
      }
      if (last == progress::more) {
        if (text.empty()) {
          return;
        }
        left += text.substr(0, piece);
        text.remove_prefix(std::min(piece, text.size()));
      }
    }
    left += text;
  }
};

using request_reading = reading<request>;
using response_reading = reading<response>;

TEST(RequestReader, ReadsARequestInPiecesOfEverySize) {
  const auto text =
      "POST /orders?x=1 HTTP/1.1\r\nHost: shop\r\nX-A:  b c \r\nContent-Length: 5\r\n\r\nhello"s;
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    request_reading r(text, piece);
    ASSERT_EQ(r.last, progress::done) << "in pieces of " << piece << ": " << r.reader.reason();
    EXPECT_EQ(r.message.method(), method::post);
    EXPECT_EQ(r.message.target(), "/orders?x=1");
    EXPECT_EQ(r.message.minor_version(), 1);
    EXPECT_EQ(r.message.headers().text(), "Host: shop\r\nX-A: b c\r\nContent-Length: 5\r\n");
    EXPECT_EQ(r.message.body(), "hello");
    EXPECT_TRUE(r.reader.keep_alive());
  }
}

TEST(RequestReader, ReadsChunksWithTrailersInPiecesOfEverySize) {
  const auto text =
      "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5\r\nhello\r\n6;ext=\"v\"\r\n world\r\n0\r\nX-Sum: 1\r\n\r\n"s;
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    request_reading r(text, piece);
    ASSERT_EQ(r.last, progress::done) << "in pieces of " << piece << ": " << r.reader.reason();
    EXPECT_EQ(r.message.body(), "hello world");
    EXPECT_EQ(r.message.trailers().get("X-Sum"), "1");
    EXPECT_FALSE(r.message.headers().contains("X-Sum"));
  }
}

TEST(RequestReader, LeavesTheNextRequestAlone) {
  request_reading r("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(r.last, progress::done);
  EXPECT_EQ(r.message.target(), "/1");
  EXPECT_EQ(r.left, "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
}

TEST(RequestReader, SkipsEmptyLinesBeforeARequest) {
  request_reading r("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 1);
  EXPECT_EQ(r.last, progress::done);
  std::string many;
  for (int i = 0; i < 20; ++i) {
    many += "\r\n";
  }
  request_reading flood(many + "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(flood.last, progress::failed);
}

TEST(RequestReader, KnowsWhetherTheConnectionGoesOn) {
  EXPECT_TRUE(request_reading("GET / HTTP/1.1\r\nHost: a\r\n\r\n").reader.keep_alive());
  EXPECT_FALSE(request_reading("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                   .reader.keep_alive());
  EXPECT_FALSE(request_reading("GET / HTTP/1.0\r\n\r\n").reader.keep_alive());
  EXPECT_TRUE(
      request_reading("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").reader.keep_alive());
}

TEST(RequestReader, UsesItsMemoryAgain) {
  request_reader reader;
  request r;
  for (int i = 0; i < 3; ++i) {
    reader.begin(r, {});
    const auto text = "POST /" + std::to_string(i) +
                      " HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n" + std::to_string(i);
    auto step = reader.feed(text);
    ASSERT_EQ(step.now, progress::head);
    step = reader.feed(std::string_view(text).substr(step.taken));
    ASSERT_EQ(step.now, progress::done);
    EXPECT_EQ(r.target(), "/" + std::to_string(i));
    EXPECT_EQ(r.body(), std::to_string(i));
    EXPECT_EQ(r.headers().size(), 2u);
  }
}

struct refused {
  std::string name;
  std::string text;
  fault why;
  std::string reason;
};
void PrintTo(const refused& r, std::ostream* out) {
  *out << r.name;
}

class RefusedRequest : public testing::TestWithParam<refused> {};
TEST_P(RefusedRequest, FailsInPiecesOfEverySize) {
  const auto& c = GetParam();
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{1} << 20}) {
    request_reading r(c.text, piece);
    EXPECT_EQ(r.last, progress::failed) << "in pieces of " << piece;
    EXPECT_EQ(r.reader.failure(), c.why) << r.reader.reason();
    EXPECT_EQ(r.reader.reason(), c.reason);
  }
}

std::string with_fields(const std::string& fields) {
  return "POST / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
}
const std::string chunked = "Transfer-Encoding: chunked\r\n";

INSTANTIATE_TEST_SUITE_P(
    Smuggling, RefusedRequest,
    testing::Values(
        refused{"LengthThenChunked", with_fields("Content-Length: 5\r\n" + chunked),
                fault::malformed, "Content-Length and Transfer-Encoding together"},
        refused{"ChunkedThenLength", with_fields(chunked + "Content-Length: 5\r\n"),
                fault::malformed, "Content-Length and Transfer-Encoding together"},
        refused{"TwoLengthsAlike", with_fields("Content-Length: 5\r\nContent-Length: 5\r\n"),
                fault::malformed, "more than one Content-Length"},
        refused{"TwoLengths", with_fields("Content-Length: 5\r\nContent-Length: 6\r\n"),
                fault::malformed, "more than one Content-Length"},
        refused{"LengthList", with_fields("Content-Length: 5, 5\r\n"), fault::malformed,
                "Content-Length is not a number"},
        refused{"SignedLength", with_fields("Content-Length: +5\r\n"), fault::malformed,
                "Content-Length is not a number that fits"},
        refused{"NegativeLength", with_fields("Content-Length: -5\r\n"), fault::malformed,
                "Content-Length is not a number that fits"},
        refused{"HexLength", with_fields("Content-Length: 0x5\r\n"), fault::malformed,
                "Content-Length is not a number that fits"},
        refused{"HugeLength", with_fields("Content-Length: 99999999999999999999\r\n"),
                fault::malformed, "Content-Length is not a number that fits"},
        refused{"EmptyLength", with_fields("Content-Length: \r\n"), fault::malformed,
                "Content-Length is not a number that fits"},
        refused{"OtherCoding", with_fields("Transfer-Encoding: gzip\r\n"), fault::unknown_coding,
                "a transfer coding other than chunked"},
        refused{"CodingList", with_fields("Transfer-Encoding: gzip, chunked\r\n"),
                fault::unknown_coding, "a transfer coding other than chunked"},
        refused{"ChunkedTwice", with_fields(chunked + chunked), fault::malformed,
                "more than one Transfer-Encoding"},
        refused{"ChunkedNotLast", with_fields("Transfer-Encoding: chunked, identity\r\n"),
                fault::unknown_coding, "a transfer coding other than chunked"},
        refused{"ChunkedInOldVersion", "POST / HTTP/1.0\r\n" + chunked + "\r\n", fault::malformed,
                "Transfer-Encoding in HTTP/1.0"},
        refused{"FoldedHeader", with_fields("A: b\r\n c\r\n"), fault::malformed,
                "a folded header line"},
        refused{"FoldedWithTab", with_fields("A: b\r\n\tc\r\n"), fault::malformed,
                "a folded header line"},
        refused{"FoldedEmpty", with_fields("A: b\r\n \r\n"), fault::malformed,
                "a folded header line"},
        refused{"FoldedEmptyFromEmpty", with_fields("A:\r\n \r\n"), fault::malformed,
                "a folded header line"},
        refused{"FoldedFromEmpty", with_fields("A:\r\n b\r\n"), fault::malformed,
                "a folded header line"},
        refused{"SpaceBeforeCodingsColon", with_fields("Transfer-Encoding : chunked\r\n"),
                fault::malformed,
                "a header name is malformed, or has white space before its colon"},
        refused{"CodingWithRest", with_fields("Transfer-Encoding: xchunked\r\n"),
                fault::unknown_coding, "a transfer coding other than chunked"},
        refused{"CodingWithParameter", with_fields("Transfer-Encoding: chunked;a=b\r\n"),
                fault::unknown_coding, "a transfer coding other than chunked"},
        refused{"CodingWithVerticalTab", with_fields("Transfer-Encoding: \vchunked\r\n"),
                fault::malformed, "a control character in a header"},
        refused{"EmptyCoding", with_fields("Transfer-Encoding: \r\n"), fault::unknown_coding,
                "a transfer coding other than chunked"},
        refused{"SpaceInLength", with_fields("Content-Length: 5 5\r\n"), fault::malformed,
                "Content-Length is not a number that fits"},
        refused{"LengthBeyond64Bits", with_fields("Content-Length: 18446744073709551616\r\n"),
                fault::malformed, "Content-Length is not a number that fits"},
        refused{"NonAsciiName", with_fields("A\xc3\xbc: b\r\n"), fault::malformed,
                "a header name is malformed, or has white space before its colon"},
        refused{"HexPrefixedChunk", with_fields(chunked) + "0x1\r\na\r\n0\r\n\r\n",
                fault::malformed, "a chunk extension is malformed"},
        refused{"SignedChunk", with_fields(chunked) + "+1\r\na\r\n0\r\n\r\n", fault::malformed,
                "a chunk size is malformed"},
        refused{"SpaceBeforeChunk", with_fields(chunked) + " 1\r\na\r\n0\r\n\r\n", fault::malformed,
                "a chunk size is malformed"},
        refused{"BareLineFeedInExtension", with_fields(chunked) + "1;a\na\r\n0\r\n\r\n",
                fault::malformed, "a chunk extension is malformed"},
        refused{"LineFeedInQuotedExtension", with_fields(chunked) + "1;a=\"\n\"\r\na\r\n0\r\n\r\n",
                fault::malformed, "a control character in a chunk extension"},
        refused{"SpaceBeforeColon", with_fields("A : b\r\n"), fault::malformed,
                "a header name is malformed, or has white space before its colon"},
        refused{"SpaceBeforeName", "GET / HTTP/1.1\r\n A: b\r\nHost: a\r\n\r\n", fault::malformed,
                "a header name is malformed, or has white space before its colon"},
        refused{"NoColon", with_fields("Abc\r\n"), fault::malformed,
                "a header name is malformed, or has white space before its colon"},
        refused{"EmptyName", with_fields(": b\r\n"), fault::malformed,
                "a header name is malformed, or has white space before its colon"},
        refused{"BareLineFeed", "GET / HTTP/1.1\r\nHost: a\nA: b\r\n\r\n", fault::malformed,
                "a control character in a header"},
        refused{"BareCarriageReturn", with_fields("A: b\rc\r\n"), fault::malformed,
                "a line does not end with CR LF"},
        refused{"NulInValue", with_fields("A: b\0c\r\n"s), fault::malformed,
                "a control character in a header"},
        refused{"NulInName", with_fields("A\0: b\r\n"s), fault::malformed,
                "a header name is malformed, or has white space before its colon"},
        refused{"BadChunkSize", with_fields(chunked) + "xyz\r\n", fault::malformed,
                "a chunk size is malformed"},
        refused{"NegativeChunkSize", with_fields(chunked) + "-1\r\nabc", fault::malformed,
                "a chunk size is malformed"},
        refused{"HugeChunkSize", with_fields(chunked) + "fffffffffffffffff\r\n", fault::malformed,
                "a chunk size is malformed"},
        refused{"ChunkWithoutEnd", with_fields(chunked) + "1\r\nabc\r\n0\r\n\r\n", fault::malformed,
                "a chunk size is malformed"},
        refused{"BadExtension", with_fields(chunked) + "1;=\r\na\r\n0\r\n\r\n", fault::malformed,
                "a chunk extension is malformed"},
        refused{"LengthInTrailer", with_fields(chunked) + "0\r\nContent-Length: 5\r\n\r\n",
                fault::malformed, "a framing header among the trailers"},
        refused{"CodingInTrailer", with_fields(chunked) + "0\r\n" + chunked + "\r\n",
                fault::malformed, "a framing header among the trailers"}));

INSTANTIATE_TEST_SUITE_P(
    StartLine, RefusedRequest,
    testing::Values(refused{"NoHost", "GET / HTTP/1.1\r\n\r\n", fault::malformed,
                            "Host is missing"},
                    refused{"TwoHosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
                            fault::malformed, "more than one Host"},
                    refused{"HostWithUser", "GET / HTTP/1.1\r\nHost: good@evil\r\n\r\n",
                            fault::malformed, "Host is not a host"},
                    refused{"HostWithPath", "GET / HTTP/1.1\r\nHost: good/evil\r\n\r\n",
                            fault::malformed, "Host is not a host"},
                    refused{"HostWithSpace", "GET / HTTP/1.1\r\nHost: good evil\r\n\r\n",
                            fault::malformed, "Host is not a host"},
                    refused{"HostWithBackslash", "GET / HTTP/1.1\r\nHost: good\\evil\r\n\r\n",
                            fault::malformed, "Host is not a host"},
                    refused{"NonAsciiHost", "GET / HTTP/1.1\r\nHost: g\xc3\xb6\r\n\r\n",
                            fault::malformed, "Host is not a host"},
                    refused{"UnknownMethod", "BREW / HTTP/1.1\r\nHost: a\r\n\r\n",
                            fault::unknown_method, "the method is not known"},
                    refused{"LowerCaseMethod", "get / HTTP/1.1\r\nHost: a\r\n\r\n",
                            fault::unknown_method, "the method is not known"},
                    refused{"BadMethod", "G@T / HTTP/1.1\r\nHost: a\r\n\r\n", fault::malformed,
                            "the method is not a token"},
                    refused{"Version2", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", fault::unknown_version,
                            "this is not HTTP/1.1 or HTTP/1.0"},
                    refused{"NoVersion", "GET /\r\nHost: aaaaaaaa\r\n\r\n", fault::malformed,
                            "the request target is malformed"},
                    refused{"NonAsciiTarget", "GET /\xc3\xbc HTTP/1.1\r\nHost: a\r\n\r\n",
                            fault::malformed, "the target has a character that is not ASCII"},
                    refused{"TwoSpaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", fault::malformed,
                            "the request target is malformed"},
                    refused{"TlsHello", "\x16\x03\x01\x02 hello there, server\r\n\r\n",
                            fault::malformed, "this is TLS, and here plain HTTP is spoken"}));

// Fields that were read are stored as they are, on the word of the parser: it must be at least as
// strict as `headers` is with a program's own.
TEST(RequestReader, RefusesEveryByteThatHeadersRefuse) {
  const auto stored = [](std::string_view name, std::string_view value) {
    return headers().add(name, value).check().has_value();
  };
  for (int byte = 0; byte < 256; ++byte) {
    const std::string c(1, static_cast<char>(byte));
    for (const std::string around : {"", "b", "a long text before and behind it"}) {
      const auto name = "X" + around + c + around;
      const auto value = "v" + around + c + around;
      for (const bool in_trailer : {false, true}) {
        const auto place = [&](const std::string& field) {
          return in_trailer
                     ? "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" +
                           field + "\r\n\r\n"
                     : "GET / HTTP/1.1\r\nHost: a\r\n" + field + "\r\n\r\n";
        };
        if (c != ":") {  // which ends a name
          const request_reading r(place(name + ": v"));
          EXPECT_TRUE(r.last == progress::failed || stored(name, "v")) << "name: " << byte;
        }
        const request_reading r(place("X: " + value));
        EXPECT_TRUE(r.last == progress::failed || stored("X", value)) << "value: " << byte;
        if (r.last == progress::done) {
          const auto& all = in_trailer ? r.message.trailers() : r.message.headers();
          auto wanted = headers().add("X", value);
          EXPECT_EQ(all.get("X"), wanted.get("X")) << byte;
        }
      }
    }
  }
}

// However the value stands in the line, it is stored behind one space.
TEST(RequestReader, StoresFieldsInOneForm) {
  for (const std::string line : {"X:v", "X: v", "X:  v", "X:\tv", "X: v ", "X: \t v\t "}) {
    const request_reading r("GET / HTTP/1.1\r\nHost: a\r\n" + line + "\r\n\r\n");
    EXPECT_EQ(r.message.headers().text(), "Host: a\r\nX: v\r\n") << line;
  }
  const request_reading empty("GET / HTTP/1.1\r\nHost: a\r\nX:\r\nY: \r\n\r\n");
  EXPECT_EQ(empty.message.headers().text(), "Host: a\r\nX: \r\nY: \r\n");
}

TEST(RequestReader, LimitsTheHead) {
  reader_limits limits;
  limits.head_bytes = 300;
  limits.fields = 3;
  const auto long_line = "GET /" + std::string(400, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n";
  const auto long_head = "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(400, 'a') + "\r\n\r\n";
  const auto many = "GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n"s;
  for (const std::size_t piece : {std::size_t{1}, std::size_t{64}, std::size_t{1} << 20}) {
    EXPECT_EQ(request_reading(long_line, piece, limits).reader.failure(), fault::target_too_long);
    EXPECT_EQ(request_reading(long_head, piece, limits).reader.failure(), fault::head_too_large);
    EXPECT_EQ(request_reading(many, piece, limits).reader.failure(), fault::too_many_fields);
  }
  const auto fits = "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(300 - 32, 'a') + "\r\n\r\n";
  ASSERT_EQ(fits.size(), 300u);
  EXPECT_EQ(request_reading(fits, 1, limits).last, progress::done);
  EXPECT_EQ(request_reading("GET" + std::string(1000, 'T'), 1, limits).reader.failure(),
            fault::target_too_long);
}

TEST(RequestReader, LimitsTheBody) {
  reader_limits limits;
  limits.body_bytes = 10;
  EXPECT_EQ(request_reading("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789", 1,
                            limits)
                .last,
            progress::done);
  const request_reading announced("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n", 1,
                                  limits);
  EXPECT_EQ(announced.reader.failure(), fault::body_too_large);
  const request_reading chunks(with_fields(chunked) + "6\r\n012345\r\n5\r\n67890\r\n0\r\n\r\n", 1,
                               limits);
  EXPECT_EQ(chunks.reader.failure(), fault::body_too_large);
  const request_reading lie(with_fields(chunked) + "fffffffffffffff0\r\n", 1, limits);
  EXPECT_EQ(lie.reader.failure(), fault::body_too_large);
}

TEST(RequestReader, LimitsChunkHeadersAndTrailers) {
  reader_limits limits;
  limits.head_bytes = 300;
  limits.fields = 5;
  const request_reading extension(with_fields(chunked) + "1;" + std::string(1000, 'a') + "\r\n", 16,
                                  limits);
  EXPECT_EQ(extension.reader.failure(), fault::head_too_large) << extension.reader.reason();
  const request_reading trailer(
      with_fields(chunked) + "0\r\nA: " + std::string(1000, 'a') + "\r\n\r\n", 16, limits);
  EXPECT_EQ(trailer.reader.failure(), fault::head_too_large) << trailer.reader.reason();
  std::string many;
  for (int i = 0; i < 10; ++i) {
    many += "A: 1\r\n";
  }
  const request_reading fields(with_fields(chunked) + "0\r\n" + many + "\r\n", 16, limits);
  EXPECT_EQ(fields.reader.failure(), fault::too_many_fields);
}

TEST(RequestReader, TellsATruncatedRequest) {
  request_reading head("GET / HTTP/1.1\r\nHost");
  EXPECT_EQ(head.last, progress::more);
  EXPECT_EQ(head.reader.finish(), progress::failed);
  EXPECT_EQ(head.reader.failure(), fault::truncated);
  EXPECT_EQ(head.reader.reason(), "the head ends early");
  request_reading body("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab");
  EXPECT_EQ(body.reader.finish(), progress::failed);
  EXPECT_EQ(body.reader.reason(), "the body ends early");
  EXPECT_EQ(body.reader.body_received(), 2u);
  EXPECT_EQ(body.reader.body_expected(), 5u);
}

TEST(ResponseReader, ReadsABodyUntilTheEnd) {
  response_reading r("HTTP/1.1 200 OK\r\n\r\nsome", 1);
  EXPECT_EQ(r.last, progress::more);
  EXPECT_EQ(r.reader.finish(), progress::done);
  EXPECT_EQ(r.message.body(), "some");
  EXPECT_FALSE(r.reader.keep_alive());
}

TEST(ResponseReader, KnowsResponsesWithoutBody) {
  const auto head = response_reader::body_rule::bodyless;
  EXPECT_EQ(response_reading("HTTP/1.1 204 No Content\r\n\r\n", 1).last, progress::done);
  EXPECT_EQ(response_reading("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", 1).last,
            progress::done);
  EXPECT_EQ(response_reading("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", 1, {}, head).last,
            progress::done);
  EXPECT_EQ(response_reading("HTTP/1.1 100 Continue\r\n\r\n", 1).last, progress::done);
  response_reading empty("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1", 1 << 20);
  EXPECT_EQ(empty.last, progress::done);
  EXPECT_EQ(empty.left, "HTTP/1.1");
}

TEST(ResponseReader, TakesReasonPhrasesAsTheyAre) {
  response_reading empty("HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(empty.last, progress::done) << empty.reader.reason();
  response_reading odd("HTTP/1.1 299 \xc3\xa4nders \r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(odd.last, progress::done) << odd.reader.reason();
  EXPECT_EQ(to_int(odd.message.status()), 299u);
}

TEST(ResponseReader, RefusesWhatIsNotHttp) {
  EXPECT_EQ(response_reading("SSH-2.0-OpenSSH_9.2p1 Debian\r\n\r\n").reader.reason(),
            "this is not HTTP/1.1 or HTTP/1.0");
  EXPECT_EQ(response_reading("\x15\x03\x03\0\x02\x02\x46"s).reader.reason(),
            "the peer answered in TLS: the URL wants https:");
  EXPECT_EQ(response_reading("HTTP/1.1 099 Low\r\n\r\n").reader.reason(),
            "the status is below 100");
  EXPECT_EQ(response_reading("HTTP/1.1 20x OK\r\n\r\n").reader.reason(),
            "the status is not three digits");
  EXPECT_EQ(response_reading("HTTP/1.1 200 O\0K\r\n\r\n"s).reader.reason(),
            "a control character in the reason phrase");
}

TEST(ResponseReader, CutsBodiesThatAreOnlyShown) {
  const auto cut = [](std::string_view text) {
    return response_reading(text, 3, {}, response_reader::body_rule::normal, 4);
  };
  auto length = cut("HTTP/1.1 500 Oops\r\nContent-Length: 10\r\n\r\n0123456789");
  EXPECT_EQ(length.last, progress::done);
  EXPECT_EQ(length.message.body(), "0123");
  EXPECT_TRUE(length.reader.cut());
  EXPECT_EQ(length.reader.body_received(), 10u);
  auto chunks =
      cut("HTTP/1.1 500 Oops\r\nTransfer-Encoding: chunked\r\n\r\n"
          "3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n");
  EXPECT_EQ(chunks.last, progress::done);
  EXPECT_EQ(chunks.message.body(), "abcd");
}

}  // namespace
}  // namespace fairlead::http::detail
