#include <fmt/format.h>

#include "cli/message_bench.h"

/// What the vendor says instead of making a clip.
namespace avstage::test {
namespace {

using VendorMessages = MessageBench;

struct VendorRow {
  std::string name;
  Answers::Answer answer;
  int exit_code;
  std::vector<std::string> says;
  int posts = 1;
};

const char* const kHtml = "Content-Type: text/html\r\n";

/// To the create call; v2, because it is not repeated and so is judged at once.
const std::vector<VendorRow> create_rows{
    {"E1",
     {400, R"({"data":null,"error":{"code":"invalid_parameter","message":"bad colour"}})"},
     5,
     {"clip 'h'", "invalid_parameter", "bad colour"}},
    {"E2",
     {400, R"({"code":400144,"message":"avatar not found","data":null})"},
     5,
     {"clip 'h'", "400144", "avatar not found"}},
    {"E2 with msg", {400, R"({"code":40001,"msg":"no such voice"})"}, 5, {"clip 'h'", "no such voice"}},
    {"E3 error", {400, R"({"error":"plain words"})"}, 5, {"clip 'h'", "plain words"}},
    {"E3 message", {400, R"({"message":"plain words"})"}, 5, {"clip 'h'", "plain words"}},
    {"E4",
     {422, R"({"error":{"code":1234,"message":"no","detail":"scene 1"}})"},
     5,
     {"clip 'h'", "1234", "scene 1"}},
    {"E5",
     {400, R"({"error":{"code":"script_too_short","message":"too short","param":"script","doc_url":null}})"},
     5,
     {"clip 'h'", "script_too_short", "script"}},
    {"E6",
     {200, R"({"data":null,"error":{"code":"invalid_parameter","message":"bad colour"}})"},
     5,
     {"clip 'h'", "bad colour"}},
    {"E7", {400, "<html>Bad\nRequest</html>", kHtml}, 5, {"clip 'h'", "unexpected answer", "HTTP 400"}},
    {"E8",
     {400, R"({"error":{"code":"invalid_parameter","message":"video_title is invalid: Field required"}})"},
     5,
     {"clip 'h'", "video_title is invalid"}},
    {"key rejected",
     {401, R"({"error":{"code":"unauthorized","message":"Unauthorized"}})"},
     3,
     {"clip 'h'", "unauthorized", "HEYGEN_API_KEY"}},
    {"not permitted",
     {403, R"({"error":{"code":"forbidden","message":"no permission"}})"},
     3,
     {"clip 'h'", "forbidden"}},
    {"no credit at submit",
     {402, R"({"error":{"code":"insufficient_credit","message":"Insufficient credit"}})"},
     3,
     {"clip 'h'", "insufficient_credit", "top up"}},
    {"no credit in a 400", {400, R"({"code":400664,"message":"no credit"})"}, 3, {"clip 'h'", "400664"}},
    {"trial limit",
     {429, R"({"error":{"code":"trial_video_limit_exceeded","message":"5 a day"}})", "Retry-After: 9999\r\n"},
     3,
     {"clip 'h'", "trial_video_limit_exceeded"}},
    {"v2 gone 404",
     {404, R"({"message":"not found"})"},
     5,
     {"clip 'h'", "\"api\": \"v3\"", "nothing was bought"}},
    {"v2 gone 410",
     {410, "<html>Gone</html>", kHtml},
     5,
     {"clip 'h'", "\"api\": \"v3\"", "nothing was bought"}},
    {"too large",
     {413, R"({"error":{"code":"payload_too_large","message":"too large"}})"},
     5,
     {"clip 'h'", "payload_too_large"}},
    {"500",
     {500, R"({"error":{"code":"internal_error","message":"oops"}})"},
     9,
     {"clip 'h'", "avstage ledger settle avstage-", "--video-id", "--not-bought"}},
    {"504",
     {504, "<html>Gateway Timeout</html>", kHtml},
     9,
     {"clip 'h'", "avstage ledger settle avstage-", "--video-id", "--not-bought"}},
    {"200 without an id", {200, "{}"}, 9, {"clip 'h'", "avstage ledger settle avstage-"}},
    {"200 and HTML", {200, "<html>hello</html>", kHtml}, 9, {"clip 'h'", "avstage ledger settle avstage-"}},
    {"asked to wait too long",
     {429, R"({"error":{"code":"rate_limit_exceeded","message":"slow"}})", "Retry-After: 9999\r\n"},
     4,
     {"clip 'h'", "--max-wait", "rate_limit_exceeded", "run again"}},
    {"a secret in the words",
     {400,
      R"({"error":{"code":"x","message":"key canary-key-1234567890 at https://h/a?Signature=canary-signature"}})"},
     5,
     {"clip 'h'", "***"}},
    {"a line break in the words",
     {400, R"({"error":{"code":"x","message":"a\nb\u001b[31m"}})"},
     5,
     {"clip 'h'"}},
};

TEST_F(VendorMessages, Create) {
  for (const VendorRow& v : create_rows) {
    Answers answers;
    answers.create = v.answer;
    if (answers.create.headers.empty()) answers.create.headers = "Content-Type: application/json\r\n";
    expect_message({v.name, avatar_job(R"("heygen": { "deadline": "20s" },)"), v.exit_code, v.says, v.posts},
                   answers);
  }
}

const std::vector<VendorRow> status_rows{
    {"E2 at status",
     {400, R"({"code":400123456,"message":"bad id","data":null})"},
     5,
     {"clip 'h'", "bad id"}},
    {"E6 at status", {200, R"({"code":400009,"message":"wrong","data":null})"}, 5, {"clip 'h'", "wrong"}},
    {"E7 at status", {400, "<html>no</html>", kHtml}, 5, {"clip 'h'", "unexpected answer"}},
    {"401 at status",
     {401, R"({"code":400112,"message":"Unauthorized"})"},
     3,
     {"clip 'h'", "Unauthorized", "HEYGEN_API_KEY"}},
    {"402 at status",
     {402, R"({"error":{"code":"insufficient_credit","message":"no"}})"},
     3,
     {"clip 'h'", "insufficient_credit"}},
    {"no such video",
     {404, R"({"code":400031,"message":"video not found"})"},
     5,
     {"clip 'h'", "does not know video v1"}},
    {"failed, number",
     {200,
      R"({"code":100,"data":{"id":"v1","status":"failed","error":{"code":40119,"message":"Video is too long"}}})"},
     5,
     {"clip 'h'", "video v1", "40119", "too long", "take"}},
    {"failed, word",
     {200,
      R"({"code":100,"data":{"id":"v1","status":"failed","error":{"code":"MODERATION","message":"refused","detail":"words"}}})"},
     5,
     {"clip 'h'", "MODERATION", "words", "take"}},
    {"failed without a reason",
     {200, R"({"code":100,"data":{"id":"v1","status":"failed","error":null}})"},
     5,
     {"clip 'h'", "no reason given"}},
    {"failed for lack of credit",
     {200,
      R"({"code":100,"data":{"id":"v1","status":"failed","error":{"code":"MOVIO_PAYMENT_INSUFFICIENT_CREDIT","message":"Insufficient credit"}}})"},
     3,
     {"clip 'h'", "INSUFFICIENT_CREDIT", "take"}},
    {"completed without a URL",
     {200, R"({"code":100,"data":{"id":"v1","status":"completed"}})"},
     5,
     {"clip 'h'", "v1", "no URL", "run again"}},
    {"unknown word",
     {200, R"({"code":100,"data":{"id":"v1","status":"dreaming"}})"},
     4,
     {"clip 'h'", "deadline", "dreaming"}},
    {"never ready",
     {200, R"({"code":100,"data":{"id":"v1","status":"processing"}})"},
     4,
     {"clip 'h'", "deadline of 3 s", "processing", "run again"}},
    {"the clip is gone",
     {200, R"({"code":100,"data":{"id":"v1","status":"completed","video_url":"CLIP"}})"},
     4,
     {"clip 'h'", "video v1"}},
};

TEST_F(VendorMessages, Status) {
  for (const VendorRow& v : status_rows) {
    Answers answers;
    answers.status = v.answer;
    expect_message(
        {v.name, avatar_job(fmt::format(R"("heygen": {{ "deadline": {} }},)", v.exit_code == 4 ? 3 : 20)),
         v.exit_code, v.says, 1},
        answers);
  }
}

}  // namespace
}  // namespace avstage::test
