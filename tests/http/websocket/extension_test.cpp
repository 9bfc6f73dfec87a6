// SPDX-License-Identifier: BSL-1.0
#include "detail/websocket_extension.hpp"

#include <fairlead/core/error.hpp>

#include <gtest/gtest.h>

namespace fairlead::http::detail {
namespace {

using enum websocket_compression;

TEST(WebsocketExtension, OffersWhatIsWanted) {
  EXPECT_EQ(offer_deflate(off), "");
  EXPECT_EQ(offer_deflate(shared), "permessage-deflate; client_max_window_bits");
  EXPECT_EQ(offer_deflate(per_message),
            "permessage-deflate; client_no_context_takeover; server_no_context_takeover; "
            "client_max_window_bits");
}

TEST(WebsocketExtension, ServerTakesTheFirstOfferItCan) {
  EXPECT_FALSE(choose_deflate("permessage-deflate", off));
  EXPECT_FALSE(choose_deflate("", shared));
  EXPECT_FALSE(choose_deflate("x-webkit-deflate-frame", shared));
  EXPECT_EQ(choose_deflate("permessage-deflate", shared), deflate_terms{});
  EXPECT_EQ(choose_deflate("Permessage-Deflate ; client_max_window_bits", shared), deflate_terms{});
  const auto small = choose_deflate(
      "foo; a=1, permessage-deflate; server_max_window_bits=8, permessage-deflate; "
      "server_max_window_bits=10; client_max_window_bits=\"12\"; client_no_context_takeover",
      shared);
  EXPECT_EQ(small, (deflate_terms{true, false, 12, 10}));
  EXPECT_EQ(choose_deflate("permessage-deflate", per_message), (deflate_terms{true, true, 15, 15}));
}

TEST(WebsocketExtension, ServerPassesOverOffersThatAreNotValid) {
  for (const std::string_view wrong :
       {"permessage-deflate; unknown", "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; "
        "server_max_window_bits=010",
        "permessage-deflate; client_max_window_bits=x",
        "permessage-deflate; client_no_context_takeover=1",
        "permessage-deflate; client_no_context_takeover; client_no_context_takeover",
        "permessage-deflate; client_max_window_bits; client_max_window_bits=9"}) {
    EXPECT_FALSE(choose_deflate(wrong, shared)) << wrong;
  }
}

TEST(WebsocketExtension, AnswersAreRead) {
  for (const auto& terms : {deflate_terms{}, deflate_terms{true, false, 15, 15},
                            deflate_terms{false, true, 9, 15}, deflate_terms{true, true, 11, 10}}) {
    const auto text = deflate_answer(terms);
    const auto back = accept_deflate(text, shared);
    ASSERT_TRUE(back) << text;
    EXPECT_EQ(*back, terms) << text;
  }
  EXPECT_EQ(*accept_deflate("", shared), std::nullopt);
}

TEST(WebsocketExtension, AClientThatForgetsForgetsWhateverTheServerSays) {
  const auto terms = accept_deflate("permessage-deflate", per_message);
  ASSERT_TRUE(terms && *terms);
  EXPECT_TRUE((*terms)->client_forgets);
  EXPECT_FALSE((*terms)->server_forgets);
}

TEST(WebsocketExtension, ClientRefusesWhatItDidNotOffer) {
  for (const std::string_view wrong :
       {"permessage-bzip2", "permessage-deflate, permessage-deflate", "permessage-deflate; x",
        "permessage-deflate; client_max_window_bits",
        "permessage-deflate; client_max_window_bits=8"}) {
    const auto got = accept_deflate(wrong, shared);
    ASSERT_FALSE(got) << wrong;
    EXPECT_EQ(got.error().kind(), error_kind::protocol_error);
  }
  EXPECT_FALSE(accept_deflate("permessage-deflate", off));
}

}  // namespace
}  // namespace fairlead::http::detail
