#include <gtest/gtest.h>

#include "avstage/error.h"
#include "timeline/job_reader.h"

namespace avstage {
namespace {

using Set = std::map<std::string, std::string>;

Job read(const std::string& vars, const std::string& clip, const Set& set = {},
         const std::string& output = "o.mp4") {
  return read_job(R"({"version": 1, "vars": {)" + vars + R"(}, "clips": [{)" + clip + R"(}], "output": ")" +
                      output + "\"}",
                  "job.json", "", {set});
}

std::string text_of(const Job& job) {
  return std::get<TextRef>(job.tracks.at(0).clips.at(0).media).text;
}

std::string message(const std::string& vars, const std::string& clip, const Set& set = {},
                    const std::string& output = "o.mp4") {
  try {
    read(vars, clip, set, output);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::usage);
    return error.message();
  }
  return "accepted";
}

const std::string still = R"("text": "x", "duration": 1)";

TEST(Variables, AreReplacedInsideStrings) {
  Job job = read(R"("a": {"default": "1"}, "b-c": {"default": "2"})",
                 R"("text": "${a}+${a}=${b-c}", "duration": 1)");
  EXPECT_EQ(text_of(job), "1+1=2");
}

TEST(Variables, ADoubledDollarIsALiteralOne) {
  Job job = read(R"("a": {"default": "v"})", R"("text": "$${a} ${a}$${ $5 $$ {a}", "duration": 1)");
  EXPECT_EQ(text_of(job), "${a} v${ $5 $$ {a}");
}

TEST(Variables, AValueIsNeverReadAgain) {
  Job job = read(R"("a": {}, "b": {"default": "secret"})", R"("text": "${a}", "duration": 1)",
                 {{"a", "${b} $${b} \"}"}});
  EXPECT_EQ(text_of(job), "${b} $${b} \"}");
}

TEST(Variables, SetGoesBeforeTheDefault) {
  EXPECT_EQ(text_of(read(R"("a": {"default": "x"})", R"("text": "${a}", "duration": 1)", {{"a", "y"}})), "y");
}

TEST(Variables, AStringThatIsOneVariableTakesItsType) {
  Job job = read(
      R"("n": {"type": "number", "default": 0.25}, "i": {"type": "integer"}, "b": {"type": "boolean"})",
      R"("avatar": {"request": {"n": "${n}", "i": "${i}", "b": "${b}", "s": "n=${n} ${b}"}}, "opacity": "${n}")",
      {{"i", "7"}, {"b", "true"}});
  const Clip& clip = job.tracks[0].clips[0];
  EXPECT_EQ(clip.opacity, 0.25);
  EXPECT_EQ(std::get<AvatarRef>(clip.media).request, R"({"b":true,"i":7,"n":0.25,"s":"n=0.25 true"})");
}

TEST(Variables, TimesFromNumbersStayExact) {
  Job job = read(R"("t": {"type": "number", "default": 0.1})", R"("text": "x", "duration": "${t}")");
  EXPECT_EQ(job.tracks[0].clips[0].duration->offset.seconds, Rational(1, 10));
}

TEST(Variables, ASetThatDoesNotFitIsRefused) {
  EXPECT_EQ(message(R"("name": {"default": "x"})", still, {{"nmae", "y"}}),
            "--set nmae: found the undeclared variable \"nmae\"; allowed: name; did you mean \"name\"?");
  EXPECT_EQ(message("", still, {{"name", "y"}}),
            "--set name: found the undeclared variable \"name\"; allowed: no name, as the job declares none "
            "in \"vars\"");
  EXPECT_EQ(message(R"("n": {"type": "number"})", still, {{"n", "5 s"}}),
            "--set n: found \"5 s\"; allowed: a value of type number");
  EXPECT_EQ(message(R"("n": {"type": "integer"})", still, {{"n", "1.5"}}),
            "--set n: found \"1.5\"; allowed: a value of type integer");
  EXPECT_EQ(message(R"("b": {"type": "boolean"})", still, {{"b", "yes"}}),
            "--set b: found \"yes\"; allowed: true or false");
  EXPECT_EQ(message(R"("s": {})", still, {{"s", "\xff"}}),
            "--set s: found \"\\xff\"; allowed: text in UTF-8");
  for (std::string bad : {"01", "1.", ".5", "+1", "0x1", "nan", "inf", "1e999", " 1", "1 ", "--1", "-", ""}) {
    EXPECT_NE(message(R"("n": {"type": "number"})", still, {{"n", bad}}), "accepted") << bad;
  }
}

TEST(Variables, AnUnclosedReferenceIsRefused) {
  EXPECT_EQ(message("", R"("text": "Hi ${name", "duration": 1)"),
            "job.json:1:47 (/clips/0/text): found \"${name\" without a closing brace; allowed: \"${name}\", "
            "or \"$${\" for "
            "a literal \"${\"");
}

TEST(Variables, CannotLeadAnOutputOutOfItsFolder) {
  const std::string vars = R"("v": {})";
  for (std::string bad : {"/etc/cron", "../x", "a/../../x", "-x", "a\nb", ""}) {
    EXPECT_NE(message(vars, still, {{"v", bad}}, "${v}.mp4"), "accepted") << bad;
  }
  EXPECT_NE(message(vars, still, {{"v", std::string("a\0b", 3)}}, "${v}.mp4"), "accepted");
  EXPECT_NE(message(vars, still, {{"v", "/../../etc/x"}}, "out${v}.mp4"), "accepted");
  EXPECT_NE(message(vars, still, {{"v", "/../.."}}, "out/a${v}/x.mp4"), "accepted");
  EXPECT_NE(message(vars, still, {{"v", "/x"}}, "/srv/${v}.mp4"), "accepted");
}

TEST(Variables, MayNameFilesAndFoldersBelowTheAuthorsOwn) {
  EXPECT_EQ(read(R"("v": {})", still, {{"v", "ann/1"}}, "../out/${v}.mp4").outputs[0].path,
            "../out/ann/1.mp4");
  EXPECT_EQ(read(R"("v": {})", still, {{"v", "ann..b"}}, "/srv/x-${v}.mp4").outputs[0].path,
            "/srv/x-ann..b.mp4");
}

TEST(Variables, CannotBlowUpTheJob) {
  std::string text;
  for (int i = 0; i < 200; ++i) text += "${v}";
  EXPECT_NE(
      message(R"("v": {})", R"("duration": 1, "text": ")" + text + "\"", {{"v", std::string(100'000, 'x')}})
          .find("found more than 16 MiB of text from variables"),
      std::string::npos);
}

}  // namespace
}  // namespace avstage
