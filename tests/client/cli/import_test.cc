// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <fstream>

#include "absl/strings/str_cat.h"
#include "client/cli/csv.h"
#include "client/cli/import_mapping.h"
#include "client/cli/record_reader.h"
#include "client/cli/row_converter.h"
#include "client/cli/yaml_documents.h"
#include "tierwise/v1/event.pb.h"

namespace tierwise {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string WriteFile(const std::string& name, const std::string& text) {
  const std::string path = ::testing::TempDir() + "/" + name;
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

// Each record as its line and its values, or its problem.
std::vector<std::string> ReadAll(const std::string& path, const std::vector<std::string>& columns) {
  auto reader = OpenRecords(path, RecordFormat::kByName, 0);
  if (!reader.ok()) return {std::string(reader.status().message())};
  if (const auto status = (*reader)->Select(columns); !status.ok()) return {std::string(status.message())};
  std::vector<std::string> all;
  Record record;
  while (true) {
    const auto next = (*reader)->Next(&record);
    if (!next.ok()) all.push_back(std::string(next.status().message()));
    if (!next.ok() || !*next) return all;
    std::string text = absl::StrCat(record.line, ":", record.problem);
    for (const auto& value : record.values) absl::StrAppend(&text, "<", value.value_or("unset"), ">");
    all.push_back(text);
  }
}

TEST(CsvTest, QuotesDelimitersAndLineEndsInsideQuotes) {
  EXPECT_THAT(*SplitCsv("a,\"b,c\",\"say \"\"hi\"\"\",", ','), ElementsAre("a", "b,c", "say \"hi\"", ""));
  EXPECT_THAT(*SplitCsv("", ','), ElementsAre(""));
  EXPECT_THAT(*SplitCsv("\"\"", ','), ElementsAre(""));
  EXPECT_THAT(*SplitCsv("5\" pipe,x", ','), ElementsAre("5\" pipe", "x"));
  EXPECT_THAT(*SplitCsv("a;b", ';'), ElementsAre("a", "b"));
  EXPECT_FALSE(SplitCsv("\"a\"b", ',').ok());
  EXPECT_FALSE(SplitCsv("\"a", ',').ok());
  EXPECT_EQ(CsvLine({"a", "b,c", "d\"e", "f\ng"}), "a,\"b,c\",\"d\"\"e\",\"f\ng\"\n");
}

TEST(RecordReaderTest, LinesAreCountedThroughQuotedLineEndsAndEmptyLines) {
  const std::string path = WriteFile("lines.csv", "\xEF\xBB\xBFid,note\r\n1,\"two\r\nlines\"\r\n\r\n2,x\r\n3");
  EXPECT_THAT(ReadAll(path, {"note", "id"}),
              ElementsAre("2:<two\r\nlines><1>", "5:<x><2>", "6:has 1 fields, the header has 2"));
}

TEST(RecordReaderTest, AGzippedFileReadsTheSame) {
  const std::string path = ::testing::TempDir() + "/z.csv.gz";
  gzFile file = gzopen(path.c_str(), "wb");
  gzputs(file, "id\n7\n");
  gzclose(file);
  EXPECT_THAT(ReadAll(path, {"id"}), ElementsAre("2:<7>"));
}

TEST(RecordReaderTest, BrokenCompressionIsAnError) {
  const std::string whole = ::testing::TempDir() + "/whole.csv.gz";
  gzFile file = gzopen(whole.c_str(), "wb");
  gzputs(file, "id\n");
  for (int i = 0; i < 20'000; ++i) gzprintf(file, "%d\n", i * 7919);
  gzclose(file);
  std::ifstream in(whole, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(in), {}};
  const std::vector<std::string> all = ReadAll(WriteFile("cut.csv.gz", bytes.substr(0, bytes.size() / 2)), {"id"});
  EXPECT_THAT(all.back(), HasSubstr("can't be read to its end"));
}

TEST(RecordReaderTest, AQuoteThatNeverClosesIsFoundBeforeMemoryRunsOut) {
  const std::string path = WriteFile("open.csv", absl::StrCat("id\n\"", std::string(2 << 20, 'x'), "\n"));
  EXPECT_THAT(ReadAll(path, {"id"}), ElementsAre(HasSubstr("a record above 1048576 bytes")));
}

TEST(RecordReaderTest, JsonMembersAreNamedByDots) {
  const std::string path =
      WriteFile("a.ndjson", "{\"u\": 1, \"o\": {\"t\": 2.5, \"x\": null}, \"l\": [\"a\"]}\n\n[1]\n{\"u\": true}\n");
  EXPECT_THAT(ReadAll(path, {"u", "o.t", "o.x", "l"}),
              ElementsAre("1:<1><2.5><unset><[\"a\"]>", "3:not a JSON object", "4:<true><unset><unset><unset>"));
}

TEST(RecordReaderTest, WrongFilesAreNamed) {
  EXPECT_THAT(ReadAll(WriteFile("x.txt", "a\n"), {"a"}), ElementsAre(HasSubstr("--format csv")));
  EXPECT_THAT(ReadAll(WriteFile("empty.csv", ""), {"a"}), ElementsAre(HasSubstr("the file is empty")));
  EXPECT_THAT(ReadAll(WriteFile("twice.csv", "a,a\n"), {"a"}), ElementsAre(HasSubstr("names the column `a` twice")));
  EXPECT_THAT(ReadAll(WriteFile("near.csv", "custmer\n"), {"customer"}),
              ElementsAre("the file has no column `customer`; did you mean \"custmer\"?"));
  EXPECT_THAT(ReadAll("/does/not/exist.csv", {"a"}), ElementsAre(HasSubstr("can't read the file")));
}

TEST(ImportMappingTest, OptionsAndFilesSayTheSame) {
  ImportMapping by_options;
  ASSERT_TRUE(AddMap("user_id=#row", &by_options).ok());
  ASSERT_TRUE(AddSet("campaign=spring", &by_options).ok());
  ASSERT_TRUE(AddTranslate("variant:Mens E-Mail=mens,\"a,b=c=d\"", &by_options).ok());
  ASSERT_TRUE(AddWhere("visit=1", &by_options).ok());
  ASSERT_TRUE(AddWhere("arm!=x", &by_options).ok());
  by_options.repeat = "users";
  const auto by_file =
      ParseMapping("m.yaml",
                   "map: {user_id: '#row'}\nset: {campaign: spring}\nrepeat: users\nwhere: [visit=1, arm!=x]\n"
                   "translate:\n  variant: {Mens E-Mail: mens, 'a,b=c': d}\n");
  ASSERT_TRUE(by_file.ok()) << by_file.status();
  EXPECT_EQ(CanonicalText(by_options), CanonicalText(*by_file));
}

TEST(ImportMappingTest, WrongMappingsNameTheLine) {
  EXPECT_THAT(std::string(ParseMapping("m.yaml", "map: {a: b}\nrepaet: x\n").status().message()),
              HasSubstr("m.yaml:2: repaet: unknown key; did you mean \"repeat\"?"));
  EXPECT_THAT(std::string(ParseMapping("m.yaml", "where: visit=1\n").status().message()),
              HasSubstr("m.yaml:1: where: must be a list"));
  EXPECT_THAT(std::string(ParseMapping("m.yaml", "time_format: julian\n").status().message()),
              HasSubstr("any, rfc3339, unix or unix_ms"));
  ImportMapping mapping;
  EXPECT_FALSE(AddMap("user_id", &mapping).ok());
  EXPECT_FALSE(AddTranslate("variant", &mapping).ok());
  EXPECT_FALSE(AddWhere("=1", &mapping).ok());
  EXPECT_FALSE(SetDelimiter("ab", &mapping).ok());
}

// Facts of a file, as short texts; or what was wrong.
std::vector<std::string> Convert(FactKind kind, const ImportMapping& mapping, const AttributeTypes& types,
                                 const std::string& path) {
  auto reader = OpenRecords(path, RecordFormat::kByName, 0);
  EXPECT_TRUE(reader.ok()) << reader.status();
  auto converter = RowConverter::Create(kind, mapping, types, reader->get());
  if (!converter.ok()) return {std::string(converter.status().message())};
  std::vector<std::string> facts;
  Record record;
  int64_t row = 0;
  while (*(*reader)->Next(&record)) {
    const int64_t repeat = *converter->RepeatOf(record);
    for (int64_t i = 0; i < repeat; ++i) {
      ++row;
      if (!converter->IsWanted(record)) continue;
      std::unique_ptr<google::protobuf::Message> fact(
          google::protobuf::MessageFactory::generated_factory()->GetPrototype(FactType(kind))->New());
      const auto problem = converter->Convert(record, row, fact.get());
      facts.push_back(problem.has_value() ? problem->field + ": " + problem->description : fact->ShortDebugString());
    }
  }
  return facts;
}

TEST(RowConverterTest, ColumnsNamedLikeFieldsNeedNoMapping) {
  const std::string path =
      WriteFile("e.csv", "user_id,name,time,value,other\nu1,buy,2026-01-31,9.5,x\nu2,buy,1769817600,,x\n");
  const std::vector<std::string> facts = Convert(FactKind::kEvents, {}, {}, path);
  ASSERT_EQ(facts.size(), 2u);
  EXPECT_THAT(facts[0], HasSubstr("user_id: \"u1\" event_id: "));
  EXPECT_THAT(facts[0], HasSubstr("name: \"buy\" time { seconds: 1769817600 } value: 9.5"));
  EXPECT_THAT(facts[1], ::testing::Not(HasSubstr("value")));
}

TEST(RowConverterTest, EventIdsAreTheSameEveryTimeAndDifferForEqualRows) {
  const std::string path = WriteFile("same.csv", "user_id,name,time\nu,a,2026-01-31\nu,a,2026-01-31\n");
  const std::vector<std::string> first = Convert(FactKind::kEvents, {}, {}, path);
  EXPECT_EQ(first, Convert(FactKind::kEvents, {}, {}, path));
  EXPECT_NE(first[0], first[1]);
  // A log that grew: what was there keeps its ids.
  const std::vector<std::string> longer =
      Convert(FactKind::kEvents, {}, {},
              WriteFile("longer.csv", "user_id,name,time\nu,a,2026-01-31\nu,a,2026-01-31\nv,b,2026-01-31\n"));
  EXPECT_EQ(longer[1], first[1]);
}

TEST(RowConverterTest, RowsThatDoNotFitSayWhy) {
  const std::string path =
      WriteFile("bad.csv", "user_id,name,time,value\n,a,2026-01-31,1\nu,a,later,1\nu,a,2026-01-31,nan\n");
  EXPECT_THAT(Convert(FactKind::kEvents, {}, {}, path),
              ElementsAre("user_id: is empty, but required", HasSubstr("time: `later` is not a time"),
                          "value: `nan` must be a finite number"));
}

TEST(RowConverterTest, ProfilesAreTypedByTheSchema) {
  const std::string path =
      WriteFile("p.csv", "id,vip,age,seen,tags,plan,extra\nu,yes,41,2026-01-31,a|b,x,1\nv,,old,,,,\n");
  const AttributeTypes types = {{"vip", v1::ATTRIBUTE_TYPE_BOOL},
                                {"age", v1::ATTRIBUTE_TYPE_INT},
                                {"seen", v1::ATTRIBUTE_TYPE_TIMESTAMP},
                                {"tags", v1::ATTRIBUTE_TYPE_STRING_LIST},
                                {"plan", v1::ATTRIBUTE_TYPE_STRING}};
  ImportMapping mapping;
  ASSERT_TRUE(AddMap("user_id=id", &mapping).ok());
  const std::vector<std::string> facts = Convert(FactKind::kProfiles, mapping, types, path);
  ASSERT_EQ(facts.size(), 2u);
  for (const char* part : {"bool_value: true", "int_value: 41", "seconds: 1769817600", "values: \"a\" values: \"b\"",
                           "string_value: \"x\""}) {
    EXPECT_THAT(facts[0], HasSubstr(part));
  }
  EXPECT_EQ(facts[1], "age: `old` must be a whole number");
}

TEST(RowConverterTest, EveryWrongFieldIsNamedAtOnce) {
  const std::string path = WriteFile("w.csv", "user,variant\nu,a\n");
  ImportMapping mapping;
  ASSERT_TRUE(AddMap("user_id=usr", &mapping).ok());
  ASSERT_TRUE(AddSet("campain=spring", &mapping).ok());
  ASSERT_TRUE(AddWhere("visit=1", &mapping).ok());
  const std::vector<std::string> facts = Convert(FactKind::kExposures, mapping, {}, path);
  ASSERT_EQ(facts.size(), 1u);
  for (const char* part : {"campain: no such field; did you mean \"campaign\"?",
                           "user_id: the file has no column `usr`; did you mean \"user\"?",
                           "campaign: is required; give --map campaign=COLUMN or --set campaign=TEXT",
                           "where: the file has no column `visit`"}) {
    EXPECT_THAT(facts[0], HasSubstr(part));
  }
}

class HillstromMappingTest : public ::testing::Test {
 protected:
  static ImportMapping Mapping(const std::string& name) {
    const std::string path = TIERWISE_SOURCE_DIR "/examples/hillstrom/import/" + name + ".yaml";
    const auto mapping = ParseMapping(path, *ReadSmallFile(path));
    EXPECT_TRUE(mapping.ok()) << mapping.status();
    return *mapping;
  }
  const AttributeTypes types_ = {
      {"spend_band", v1::ATTRIBUTE_TYPE_INT}, {"recency", v1::ATTRIBUTE_TYPE_INT}, {"newbie", v1::ATTRIBUTE_TYPE_BOOL}};
};

TEST_F(HillstromMappingTest, CellsExpandToTheFiguresOfTheExperiment) {
  const std::string cells = TIERWISE_SOURCE_DIR "/examples/hillstrom/cells.csv";
  const std::vector<std::string> exposures = Convert(FactKind::kExposures, Mapping("exposures"), {}, cells);
  ASSERT_EQ(exposures.size(), 64'000u);
  EXPECT_EQ(exposures.back(),
            "user_id: \"64000\" campaign: \"hillstrom\" variant: \"womens\" time { seconds: 1205971200 }");
  const auto count = [&exposures](const std::string& variant) {
    return std::count_if(exposures.begin(), exposures.end(), [&variant](const std::string& fact) {
      return fact.find(absl::StrCat("\"", variant, "\"")) != std::string::npos;
    });
  };
  EXPECT_EQ(count("no_email"), 21'306);
  EXPECT_EQ(count("mens"), 21'307);
  EXPECT_EQ(count("womens"), 21'387);
  EXPECT_EQ(Convert(FactKind::kEvents, Mapping("visits"), {}, cells).size(), 2'262u + 3'894u + 3'238u);
  EXPECT_EQ(Convert(FactKind::kEvents, Mapping("purchases"), {}, cells).size(), 122u + 267u + 189u);
  EXPECT_EQ(Convert(FactKind::kProfiles, Mapping("profiles"), types_, cells).size(), 64'000u);
}

TEST_F(HillstromMappingTest, TheOriginalFileImportsWithTheSameMappings) {
  const std::string path =
      WriteFile("hillstrom.csv",
                "recency,history_segment,history,mens,womens,zip_code,newbie,channel,segment,visit,conversion,spend\r\n"
                "10,2) $100 - $200,142.44,1,0,Surburban,0,Phone,Womens E-Mail,0,0,0\r\n"
                "6,\"7) $1,000 +\",1329.08,1,1,Rural,1,Web,No E-Mail,1,1,29.99\r\n");
  const auto full = [](ImportMapping mapping) {
    mapping.repeat = "";
    return mapping;
  };
  ImportMapping exposures = full(Mapping("exposures"));
  ASSERT_TRUE(AddMap("variant=segment", &exposures).ok());
  EXPECT_THAT(Convert(FactKind::kExposures, exposures, {}, path),
              ElementsAre("user_id: \"1\" campaign: \"hillstrom\" variant: \"womens\" time { seconds: 1205971200 }",
                          "user_id: \"2\" campaign: \"hillstrom\" variant: \"no_email\" time { seconds: 1205971200 }"));
  EXPECT_THAT(Convert(FactKind::kEvents, full(Mapping("visits")), {}, path), ElementsAre(HasSubstr("user_id: \"2\"")));
  EXPECT_THAT(Convert(FactKind::kEvents, full(Mapping("purchases")), {}, path), ElementsAre(HasSubstr("value: 29.99")));
  const std::vector<std::string> profiles = Convert(FactKind::kProfiles, full(Mapping("profiles")), types_, path);
  ASSERT_EQ(profiles.size(), 2u);
  EXPECT_THAT(profiles[1], HasSubstr("attribute: \"spend_band\" int_value: 7"));
}

}  // namespace
}  // namespace tierwise
