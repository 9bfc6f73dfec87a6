// SPDX-License-Identifier: BSL-1.0
// What a peer sends, in every split.
#include "detail/websocket_inbox.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fairlead::http::detail {
namespace {

constexpr frame_mask mask{0x12, 0x34, 0x56, 0x78};

struct sent {
  opcode code = opcode::text;
  std::string payload;
  bool last = true;
  bool compressed = false;
};

std::string wire(const sent& f, endpoint_role from) {
  frame_head h;
  h.code = f.code;
  h.last = f.last;
  h.compressed = f.compressed;
  h.masked = from == endpoint_role::client;
  h.mask = mask;
  h.length = f.payload.size();
  std::array<char, longest_frame_head> head;
  const auto size = write_frame_head(h, head);
  const std::string out(head.data(), size);
  std::string payload = f.payload;
  if (h.masked) {
    apply_mask(payload, mask, 0);
  }
  return out + payload;
}

std::string wire(const std::vector<sent>& frames, endpoint_role from) {
  std::string out;
  for (const auto& f : frames) {
    out += wire(f, from);
  }
  return out;
}

// Everything an inbox makes of `bytes`, offered in portions of `portion`: messages as "text:..." or
// "binary:...", control frames as "ping:...", and so on. The pieces of a message are joined.
std::string understood(websocket_inbox& inbox, std::string bytes, std::size_t portion) {
  std::string out;
  std::string message;
  std::string window;
  std::size_t given = 0;
  for (;;) {
    const auto s = inbox.feed(window);
    using event = websocket_inbox::event;
    switch (s.what) {
      case event::more:
        window.erase(0, s.taken);
        if (s.taken == 0) {
          if (given == bytes.size()) {
            return out + (inbox.in_the_middle() ? "..." : "");
          }
          window += bytes.substr(given, portion);
          given = std::min(given + portion, bytes.size());
        }
        continue;
      case event::piece:
        message += s.data;
        if (s.ends) {
          out += (s.kind == message_kind::text ? "text:" : "binary:") + message + " ";
          message.clear();
        }
        break;
      case event::ping:
        out += "ping:" + std::string(s.data) + " ";
        break;
      case event::pong:
        out += "pong:" + std::string(s.data) + " ";
        break;
      case event::close:
        return out + "close:" + std::to_string(static_cast<int>(s.code)) + ":" +
               std::string(s.data);
      case event::fault:
        return out + "fault:" + std::to_string(static_cast<int>(s.code)) + ":" +
               std::string(s.data);
    }
    window.erase(0, s.taken);
  }
}

std::string understood(const std::vector<sent>& frames,
                       endpoint_role self = endpoint_role::client) {
  const auto from = self == endpoint_role::client ? endpoint_role::server : endpoint_role::client;
  const auto bytes = wire(frames, from);
  websocket_inbox whole({self, 1000});
  const auto expected = understood(whole, bytes, bytes.size() + 1);
  for (std::size_t portion = 1; portion < bytes.size(); ++portion) {
    websocket_inbox inbox({self, 1000});
    EXPECT_EQ(understood(inbox, bytes, portion), expected) << "in portions of " << portion;
  }
  return expected;
}

TEST(WebsocketInbox, ReadsMessagesInEverySplit) {
  const std::vector<sent> frames = {
      {opcode::text, "hello"},
      {opcode::binary, std::string("\0\xff", 2)},
      {opcode::text, ""},
      {opcode::text, "in ", false},
      {opcode::ping, "are you there?"},
      {opcode::continuation, "", false},
      {opcode::continuation, "three pieces"},
      {opcode::pong, ""},
      {opcode::binary, std::string(300, 'x')},
      {opcode::close, std::string("\x03\xe8", 2) + "bye"},
  };
  const std::string expected =
      "text:hello binary:" + std::string("\0\xff", 2) +
      " text: ping:are you there? text:in three pieces pong: binary:" + std::string(300, 'x') +
      " close:1000:bye";
  EXPECT_EQ(understood(frames), expected);
  EXPECT_EQ(understood(frames, endpoint_role::server), expected);
}

TEST(WebsocketInbox, KnowsWhenItIsInTheMiddle) {
  EXPECT_EQ(understood({{opcode::text, "begun", false}}), "...");
  EXPECT_EQ(understood({{opcode::text, "begun", false}, {opcode::continuation, ""}}),
            "text:begun ");
}

TEST(WebsocketInbox, RefusesFramesOutOfOrder) {
  EXPECT_EQ(understood({{opcode::continuation, "x"}}), "fault:1002:a continuation of nothing");
  EXPECT_EQ(understood({{opcode::text, "x", false}, {opcode::text, "y"}}),
            "fault:1002:a new message in the middle of another");
  EXPECT_EQ(understood({{opcode::text, "x"}, {opcode::continuation, "y"}}),
            "text:x fault:1002:a continuation of nothing");
  EXPECT_EQ(understood({{opcode::text, "x", true, true}}),
            "fault:1002:compression that was not agreed on");
}

TEST(WebsocketInbox, WantsMasksFromClientsOnly) {
  websocket_inbox server({endpoint_role::server, 1000});
  EXPECT_EQ(understood(server, wire(sent{}, endpoint_role::server), 100),
            "fault:1002:an unmasked frame from a client");
  websocket_inbox client({endpoint_role::client, 1000});
  EXPECT_EQ(understood(client, wire(sent{}, endpoint_role::client), 100),
            "fault:1002:a masked frame from a server");
}

TEST(WebsocketInbox, RefusesWhatIsTooLargeBeforeItComes) {
  EXPECT_EQ(understood({{opcode::text, std::string(1000, 'x')}}),
            "text:" + std::string(1000, 'x') + " ");
  EXPECT_EQ(understood({{opcode::text, std::string(600, 'x'), false},
                        {opcode::continuation, std::string(401, 'x')}}),
            "fault:1009:a message beyond the limit");
  frame_head h;
  h.length = (1ULL << 63U) - 1;
  std::array<char, longest_frame_head> head;
  const auto size = write_frame_head(h, head);
  const std::string only_head(head.data(), size);
  websocket_inbox inbox({endpoint_role::client, 1000});
  EXPECT_EQ(understood(inbox, only_head, 100), "fault:1009:a message beyond the limit");
}

TEST(WebsocketInbox, RefusesTextThatIsNotUtf8AsSoonAsItCan) {
  EXPECT_EQ(understood({{opcode::text, "ok\xff"}}), "fault:1007:text that is not UTF-8");
  EXPECT_EQ(understood({{opcode::text, "\xe2\x82"}}), "fault:1007:text that is not UTF-8");
  EXPECT_EQ(understood({{opcode::text, "\xe2", false}, {opcode::continuation, "\x82\xac"}}),
            "text:\xe2\x82\xac ");
  EXPECT_EQ(understood({{opcode::binary, "\xff"}}), "binary:\xff ");
  EXPECT_EQ(understood({{opcode::text, "\xff", false}}), "fault:1007:text that is not UTF-8")
      << "before the message is complete";
}

TEST(WebsocketInbox, ReadsCloseFrames) {
  const auto closed = [](int code, const std::string& reason = "") {
    const std::string payload = {static_cast<char>(code / 256), static_cast<char>(code % 256)};
    return understood({{opcode::close, payload + reason}});
  };
  EXPECT_EQ(understood({{opcode::close, ""}}), "close:1005:");
  EXPECT_EQ(understood({{opcode::close, "x"}}), "fault:1002:a close frame with half a code");
  for (const int code : {1000, 1001, 1002, 1003, 1007, 1011, 1014, 3000, 4999}) {
    EXPECT_EQ(closed(code), "close:" + std::to_string(code) + ":");
  }
  for (const int code : {0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535}) {
    EXPECT_EQ(closed(code), "fault:1002:a close frame with an invalid code") << code;
  }
  EXPECT_EQ(closed(1000, "\xff"), "fault:1007:a close frame whose reason is not UTF-8");
  EXPECT_EQ(closed(1000, std::string(123, 'r')), "close:1000:" + std::string(123, 'r'));
}

// Compressed messages.

std::string deflated(message_deflater& d, std::string_view text) {
  std::string out;
  d.add(text, out);
  d.finish(out);
  return out;
}

TEST(WebsocketInbox, ReadsTheCompressedExamplesOfTheRfc) {
  // RFC 7692, 7.2.3: "Hello" alone, the same again with the window kept, a block that is not
  // compressed, one with the final bit set.
  const std::string first = "\xf2\x48\xcd\xc9\xc9\x07" + std::string(1, '\0');
  const std::string again = "\xf2" + std::string("\x00\x11\x00\x00", 4);
  const std::string stored =
      std::string("\x00\x05\x00\xfa\xff", 5) + "Hello" + std::string(1, '\0');
  const std::string final_block = "\xf3\x48\xcd\xc9\xc9\x07" + std::string("\x00\x00", 2);
  std::string bytes;
  for (const auto& payload : {first, again, stored, final_block, again}) {
    bytes += wire({opcode::text, payload, true, true}, endpoint_role::server);
  }
  bytes += wire({{opcode::text, first.substr(0, 3), false, true},
                 {opcode::ping, "p"},
                 {opcode::continuation, first.substr(3)}},
                endpoint_role::server);
  for (std::size_t portion = 1; portion <= bytes.size(); ++portion) {
    websocket_inbox inbox({endpoint_role::client, 1000}, message_inflater(15, takeover::keep));
    EXPECT_EQ(understood(inbox, bytes, portion),
              "text:Hello text:Hello text:Hello text:Hello text:Hello ping:p text:Hello ")
        << portion;
  }
}

TEST(WebsocketInbox, ReadsWhatTheDeflaterMakes) {
  for (const auto context : {takeover::keep, takeover::forget}) {
    for (const int bits : {9, 12, 15}) {
      message_deflater d(bits, context);
      std::vector<std::string> texts = {"", "a", std::string(50000, 'x'), "", "text again"};
      std::string mixed;
      for (int i = 0; i < 40000; ++i) {
        mixed += static_cast<char>('a' + i * i % 23);
      }
      texts.push_back(mixed);
      std::string bytes;
      std::string expected;
      for (const auto& t : texts) {
        bytes += wire({opcode::text, deflated(d, t), true, true}, endpoint_role::client);
        expected += "text:" + t + " ";
      }
      for (const std::size_t portion : {std::size_t{1}, std::size_t{7}, std::size_t{1} << 20U}) {
        websocket_inbox inbox({endpoint_role::server, 1 << 20}, message_inflater(bits, context));
        EXPECT_EQ(understood(inbox, bytes, portion), expected) << bits << " " << portion;
      }
    }
  }
}

TEST(WebsocketInbox, StopsABombAtTheLimit) {
  message_deflater d(15, takeover::forget);
  const auto bomb = deflated(d, std::string(10 << 20, '\0'));
  EXPECT_LT(bomb.size(), 20000U);
  websocket_inbox inbox({endpoint_role::client, 100000}, message_inflater(15, takeover::forget));
  EXPECT_EQ(
      understood(inbox, wire({opcode::binary, bomb, true, true}, endpoint_role::server), 4096),
      "fault:1009:a message beyond the limit");
  websocket_inbox fits({endpoint_role::client, 100}, message_inflater(15, takeover::forget));
  const auto exact = deflated(d, std::string(100, 'x'));
  EXPECT_EQ(understood(fits, wire({opcode::text, exact, true, true}, endpoint_role::server), 4096),
            "text:" + std::string(100, 'x') + " ");
}

TEST(WebsocketInbox, TheLargestLimitIsOne) {
  message_deflater d(15, takeover::forget);
  websocket_inbox inbox({endpoint_role::client, ~std::uint64_t{0}},
                        message_inflater(15, takeover::forget));
  const std::string text(50000, 'x');
  EXPECT_EQ(
      understood(inbox, wire({opcode::text, deflated(d, text), true, true}, endpoint_role::server),
                 4096),
      "text:" + text + " ");
}

TEST(WebsocketInbox, RefusesDamagedCompression) {
  websocket_inbox inbox({endpoint_role::client, 1000}, message_inflater(15, takeover::keep));
  EXPECT_EQ(
      understood(inbox, wire({opcode::text, "\x07\xff\xff", true, true}, endpoint_role::server),
                 100),
      "fault:1007:compressed data that is damaged");
  websocket_inbox marked({endpoint_role::client, 1000}, message_inflater(15, takeover::keep));
  EXPECT_EQ(understood(marked, wire({opcode::ping, "", true, true}, endpoint_role::server), 100),
            "fault:1002:compression marked where it must not be");
}

TEST(WebsocketInbox, TakesPlainMessagesBesideCompressedOnes) {
  message_deflater d(15, takeover::keep);
  const auto bytes = wire({opcode::text, deflated(d, "one"), true, true}, endpoint_role::server) +
                     wire({opcode::text, "two"}, endpoint_role::server) +
                     wire({opcode::text, deflated(d, "one"), true, true}, endpoint_role::server);
  websocket_inbox inbox({endpoint_role::client, 1000}, message_inflater(15, takeover::keep));
  EXPECT_EQ(understood(inbox, bytes, 3), "text:one text:two text:one ");
}

}  // namespace
}  // namespace fairlead::http::detail
