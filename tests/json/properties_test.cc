#include "lib/json/properties.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/json_reader.h"
#include "tests/support/parsed_event.h"
#include "tests/support/random.h"

namespace tallystick {
namespace {

using ::testing::ElementsAre;
using testing::Exact;
using testing::Json;
using testing::Random;

constexpr std::nullopt_t kMissing = std::nullopt;

std::string Repeat(std::string_view text, std::size_t times) {
  std::string repeated;
  while (times-- > 0) repeated += text;
  return repeated;
}

// What is found under each name; nothing at all when the text is damaged.
using Values = std::vector<std::optional<std::string>>;

std::optional<Values> Find(PropertyFinder* finder, std::size_t names, std::string_view properties) {
  const Exact exact(properties);
  if (!finder->Find(exact.text())) return std::nullopt;
  Values values;
  for (std::size_t i = 0; i < names; ++i) {
    const std::optional<std::string_view> value = finder->value(i);
    values.emplace_back();
    if (!value.has_value()) continue;
    EXPECT_TRUE(std::greater_equal<>()(value->data(), exact.text().data()) &&
                std::less_equal<>()(value->data() + value->size(), exact.text().data() + exact.text().size()))
        << "the value is not in the text";
    values.back() = *value;
  }
  return values;
}

std::optional<Values> Find(std::string_view properties, const std::vector<std::string>& names) {
  PropertyFinder finder(names);
  return Find(&finder, names.size(), properties);
}

TEST(PropertyFinderTest, FindsTheKeyElseThePath) {
  const struct {
    std::string properties;
    std::string name;
    std::optional<std::string> value;
  } table[] = {
      // Every kind of value, as it is stored, wherever it stands.
      {R"({"a":1})", "a", "1"},
      {R"({"a":-1.50E+07,"b":2})", "a", "-1.50E+07"},
      {R"({"b":2,"a":true})", "a", "true"},
      {R"({"b":2,"a":false,"c":3})", "a", "false"},
      {R"({"a":"text"})", "a", R"("text")"},
      {R"({"a":""})", "a", R"("")"},
      {R"({"a":"\u0031\n"})", "a", R"("\u0031\n")"},
      {R"({"a":[1,{"a":2}],"b":3})", "a", R"([1,{"a":2}])"},
      {R"({"a":{"b":{}}})", "a", R"({"b":{}})"},
      {R"({"a":[]})", "a", "[]"},

      // What is not there.
      {"{}", "a", kMissing},
      {"{}", "", kMissing},
      {R"({"b":"a"})", "a", kMissing},
      {R"({"b":["a",{"a":1}],"c":{"a":1}})", "a", kMissing},
      {R"({"A":1,"aa":2," a":3,"a ":4,"":5})", "a", kMissing},

      // Null is a value.
      {R"({"a":null})", "a", "null"},
      {R"({"a":{"b":null}})", "a.b", "null"},
      {R"({"a.b":null,"a":{"b":1}})", "a.b", "null"},

      // The key, wherever it stands, before the path.
      {R"({"a.b":1,"a":{"b":2}})", "a.b", "1"},
      {R"({"a":{"b":2},"a.b":1})", "a.b", "1"},
      {R"({"a":{"b":2}})", "a.b", "2"},
      {R"({"x":0,"a":{"x":0,"b":[2],"y":0},"y":0})", "a.b", "[2]"},
      {R"({"a":{"b":{"c":{"d":4}}}})", "a.b.c", R"({"d":4})"},
      {R"({"a.b.c":3,"a":{"b":{"c":2}}})", "a.b.c", "3"},

      // A step is one whole key.
      {R"({"a":{"b.c":1}})", "a.b.c", kMissing},
      {R"({"a.b":{"c":1}})", "a.b.c", kMissing},
      {R"({"x":{"a.b":1}})", "a.b", kMissing},

      // A path goes through objects only.
      {R"({"a":1})", "a.b", kMissing},
      {R"({"a":null})", "a.b", kMissing},
      {R"({"a":"b"})", "a.b", kMissing},
      {R"({"a":"{\"b\":1}"})", "a.b", kMissing},
      {R"({"a":[{"b":1}]})", "a.b", kMissing},
      {R"({"a":[1,2]})", "a.0", kMissing},
      {R"({"a":{}})", "a.b", kMissing},
      {R"({"a":{"c":{"b":1}}})", "a.b", kMissing},

      // Empty keys.
      {R"({"":1})", "", "1"},
      {R"({"":{"":1}})", "", R"({"":1})"},
      {R"({"":{"":1}})", ".", "1"},
      {R"({".":2,"":{"":1}})", ".", "2"},
      {R"({"a":{"":{"b":1}}})", "a..b", "1"},
      {R"({"a":{"b":1}})", "a..b", kMissing},
      {R"({"a":{"":1}})", "a.", "1"},
      {R"({"":{"a":1}})", ".a", "1"},

      // Keys are compared by what they mean.
      {R"({"\u0061":1})", "a", "1"},
      {R"({"a\u002eb":1,"a":{"b":2}})", "a.b", "1"},
      {R"({"\u0061":{"\u0062":1}})", "a.b", "1"},
      {R"({"a\"b":1})", "a\"b", "1"},
      {R"({"a\\":1})", "a\\", "1"},
      {R"({"a\\b":1})", R"(a\\b)", kMissing},
      {R"({"a\\\\b":1})", R"(a\\b)", "1"},
      {R"({"\u0061":1})", R"(\u0061)", kMissing},
      {R"({"\u00e9\ud83d\ude00":1})", "\xc3\xa9\xf0\x9f\x98\x80", "1"},
      {"{\"\xc3\xa9\":1}", "\xc3\xa9", "1"},
      {"{\"e\xcc\x81\":1}", "\xc3\xa9", kMissing},  // another way to write it is another key

      // Of keys given twice deeper inside the last one counts, with nothing left of the first.
      {R"({"x":{"a":1,"a":2}})", "x.a", "2"},
      {R"({"x":{"a":1,"\u0061":2}})", "x.a", "2"},
      {R"({"x":{"a":2,"a":null}})", "x.a", "null"},
      {R"({"x":{"a":{"b":1},"a":{"b":2}}})", "x.a.b", "2"},
      {R"({"x":{"a":{"b":1},"a":{"c":2}}})", "x.a.b", kMissing},
      {R"({"x":{"a":{"b":1},"a":{}}})", "x.a.b", kMissing},
      {R"({"x":{"a":{"b":1},"a":3}})", "x.a.b", kMissing},
      {R"({"x":{"a":3,"a":{"b":1}}})", "x.a.b", "1"},
      {R"({"x":{"a":{"b":{"c":1}},"a":{"b":2}}})", "x.a.b.c", kMissing},
      {R"({"x":{"a":{"b":1},"b":{"b":9},"y":{"a":{"b":8}}}})", "x.a.b", "1"},

      // What looks like structure inside strings is none.
      {R"({"b":"},\"a\":2,{","a":1})", "a", "1"},
      {R"({"b":["]","\"]",{"}":"{["}],"a":1})", "a", "1"},
      {R"({"b":"\\","a":1})", "a", "1"},
      {R"({"b":"\\\"","a":1})", "a", "1"},
      {R"({"b":"\\\\\"\",\"a\":2","a":1})", "a", "1"},
      {R"({"b":["\\"],"c":{"\\":"\\"},"a":1})", "a", "1"},
      {R"({"\"a\":2,":3,"\\":4,"a":1})", "a", "1"},
      {R"({"b":"a","c":"\"a\":2","a":1})", "a", "1"},
  };
  for (const auto& row : table) {
    SCOPED_TRACE(row.properties + "  " + row.name);
    const std::optional<Values> values = Find(row.properties, {row.name});
    ASSERT_TRUE(values.has_value());
    EXPECT_THAT(*values, ElementsAre(row.value));
  }
}

TEST(PropertyFinderTest, StringsEndAtTheirQuoteWhateverTheirLength) {
  // Some of these bytes differ from a quote or a backslash in one bit only.
  for (const std::string_view filling : {"x", "!", "#", "]", "\x7f", "\xd2\xa2", "\xd3\x9c", "\xc2\xa3"}) {
    for (std::size_t before = 0; before < 20; ++before) {
      for (const std::string_view escape : {"", R"(\")", R"(\\)", R"(\\\")"}) {
        const std::string text = Repeat(filling, before) + std::string(escape) + Repeat(filling, before % 3);
        SCOPED_TRACE(text);
        std::string meant;
        AppendStringForm("\"" + text + "\"", &meant);
        EXPECT_EQ(Find("{\"k" + text + "\":\"" + text + "\",\"a\":1}", {"a", "k" + meant}),
                  Values({"1", "\"" + text + "\""}));
      }
    }
  }
}

TEST(PropertyFinderTest, FindsSeveralNamesInOnePass) {
  constexpr std::string_view kProperties = R"({"a":{"b":{"c":1,"d":[2]},"bb":3},"ab":4,"a.bb":5,"z":{"a":{"b":6}}})";
  const std::vector<std::string> names = {"z.a.b", "a",     "a.b",   "a.b.c",  "a.b.d", "a.bb", "ab", "a.b",
                                          "b",     "a.b.e", "z.a.b", "a.bb.c", "ab.c",  "",     "z"};
  const std::optional<Values> values = Find(kProperties, names);
  ASSERT_TRUE(values.has_value());
  EXPECT_THAT(*values, ElementsAre("6", R"({"b":{"c":1,"d":[2]},"bb":3})", R"({"c":1,"d":[2]})", "1", "[2]", "5", "4",
                                   R"({"c":1,"d":[2]})", kMissing, kMissing, "6", kMissing, kMissing, kMissing,
                                   R"({"a":{"b":6}})"));
}

TEST(PropertyFinderTest, NothingIsLeftOverFromTheTextBefore) {
  PropertyFinder finder({"a", "b.c", "b.c"});
  EXPECT_EQ(Find(&finder, 3, R"({"b":{"c":1},"a":2})"), Values({"2", "1", "1"}));
  EXPECT_EQ(Find(&finder, 3, R"({"b":{"d":1}})"), Values({kMissing, kMissing, kMissing}));
  EXPECT_EQ(Find(&finder, 3, R"({"b":{"\u0063":3})"), kMissing);
  EXPECT_EQ(Find(&finder, 3, R"({"a":4})"), Values({"4", kMissing, kMissing}));
  EXPECT_EQ(Find(&finder, 3, R"({})"), Values({kMissing, kMissing, kMissing}));

  PropertyFinder copy = finder;
  EXPECT_EQ(Find(&copy, 3, R"({"b.c":5})"), Values({kMissing, "5", "5"}));
  EXPECT_EQ(finder.value(1), std::nullopt);
}

TEST(PropertyFinderTest, NoNamesAreFoundInAnything) {
  EXPECT_EQ(Find(R"({"a":1})", {}), Values());
  EXPECT_EQ(Find("{}", {}), Values());
}

TEST(PropertyFinderTest, PathsGoAsDeepAsObjectsMayNest) {
  // The event is level 1, so 63 objects may stand in one another.
  constexpr std::size_t kObjects = 63;
  const std::string deepest = Repeat(R"({"a":)", kObjects) + "7" + Repeat("}", kObjects);
  const std::string path = "a" + Repeat(".a", kObjects - 1);
  EXPECT_EQ(Find(deepest, {path, path + ".a", path.substr(2)}), Values({"7", kMissing, R"({"a":7})"}));
  EXPECT_EQ(Find(deepest, {"b", "a.b"}), Values({kMissing, kMissing}));

  const std::string arrays = R"({"a":)" + Repeat("[", kObjects - 1) + Repeat("]", kObjects - 1) + R"(,"b":1})";
  EXPECT_EQ(Find(arrays, {"b", "a.b"}), Values({"1", kMissing}));

  // A name of more steps is still a key.
  const std::string dots(100'000, '.');
  EXPECT_EQ(Find(R"({"":{"":{}},")" + dots + R"(":1})", {dots, "."}), Values({"1", "{}"}));
}

TEST(PropertyFinderTest, ReadsNoFurtherThanTheLastKeyThatNamesBeginWith) {
  EXPECT_EQ(Find(R"({"a":1,"b":{"c":2},damaged)", {"a", "a", "b"}), Values({"1", "1", R"({"c":2})"}));
  // The key "b.c" may still follow.
  EXPECT_EQ(Find(R"({"a":1,"b":{"c":2},damaged)", {"a", "b.c"}), kMissing);
  EXPECT_EQ(Find(R"({"a":1,"b":{"c":2},"b.c":3,damaged)", {"a", "b.c"}), Values({"1", "3"}));
}

TEST(PropertyFinderTest, RefusesDamagedText) {
  for (const std::string_view damaged : {
           "",
           "null",
           "[]",
           R"("a")",
           R"( {"a":1})",
           R"({"a")",
           R"({"a"})",
           R"({"a":})",
           R"({"a":,"b":1})",
           R"({"a":1,})",
           R"({"a":1,"b"})",
           R"({"b":[1})",
           R"({"b":{"c":"})",
           R"({"b":"\"})",
           R"({b:1})",
           R"({"b"1})",
           R"({"b":"x""c":1})",
           R"({"b":[]]})",
           R"({"\x":1})",      // no escape
           R"({"\ud800":1})",  // half a character
           R"({"a":"\x"})",    // and so on in values that are given out
           R"({"a":tru})",
           R"({"a":nul})",
           R"({"a":falsey})",
           R"({"a":1x})",
           R"({"a":01})",
           R"({"a":"1"2})",
           R"({"p":{"q":1.}})",
           R"({"p":{"q":1})",
           R"({"p":{"q":1,})",
       }) {
    SCOPED_TRACE(damaged);
    EXPECT_EQ(Find(damaged, {"a", "p.q", "missing"}), kMissing);
  }
}

TEST(PropertyFinderTest, RefusesTextThatEndsTooEarly) {
  constexpr std::string_view kProperties =
      R"({"a":"x\\\"\u0061","b":[1,"]",{"c":[true]}],"\u0062c":{"d":{"e":-1.5e3,"e":null}},"f":{},"g":"\ud83d\ude00"})";
  PropertyFinder finder({"a", "b", "bc.d.e", "g", "missing"});
  for (std::size_t size = 0; size < kProperties.size(); ++size) {
    EXPECT_EQ(Find(&finder, 5, kProperties.substr(0, size)), kMissing) << kProperties.substr(0, size);
  }
  EXPECT_EQ(Find(&finder, 5, kProperties),
            Values({R"("x\\\"\u0061")", R"([1,"]",{"c":[true]}])", "null", R"("\ud83d\ude00")", kMissing}));
}

TEST(PropertyFinderTest, DepthOfDamagedTextCostsNoStack) {
  PropertyFinder finder({std::string(62, '.'), std::string(100'000, '.')});
  for (const std::string_view opening : {R"({"":)", R"({"":[)"}) {
    EXPECT_EQ(Find(&finder, 2, Repeat(opening, 250'000)), kMissing);
  }
}

// --- Against a plain walk over a tree ---

// The last member of that key.
const Json* Member(const Json& json, std::string_view key) {
  const Json* found = nullptr;
  for (std::size_t i = 0; i < json.keys.size(); ++i) {
    if (json.keys[i] == key) found = &json.values[i];
  }
  return found;
}

std::optional<std::string> ReferenceFind(const Json& properties, const std::string& name) {
  const Json* json = Member(properties, name);
  if (json == nullptr) {
    json = &properties;
    for (std::size_t at = 0; json != nullptr && at <= name.size();) {
      const std::size_t dot = std::min(name.find('.', at), name.size());
      json = Member(*json, name.substr(at, dot - at));
      at = dot + 1;
    }
  }
  return json == nullptr ? std::nullopt : std::optional(json->minified);
}

// Properties in which few keys stand often, in several ways of writing and several times.
class PropertiesGenerator {
 public:
  explicit PropertiesGenerator(Random* random) : random_(random) {}

  std::string Properties() { return Object(4, true); }

  std::string Name() {
    std::string name = Step();
    while (random_->OneIn(2)) name += "." + Step();
    return name;
  }

 private:
  // What a key means is what its way of writing means.
  std::string Step() { return random_->PickFrom(std::vector<std::string>{"a", "b", "c", "", "\"", "\\"}); }

  std::string Written(const std::string& meant) {
    std::string written;
    for (const char c : meant) {
      if (random_->OneIn(6)) {
        const std::string_view digits = "0123456789abcdef";
        written +=
            std::string("\\u00") + digits[static_cast<std::size_t>(c / 16)] + digits[static_cast<std::size_t>(c % 16)];
      } else {
        if (c == '"' || c == '\\') written += '\\';
        written += c;
      }
    }
    return written;
  }

  std::string Object(int levels, bool unique) {
    std::set<std::string> seen;
    std::string object;
    for (std::uint64_t i = 0, count = random_->Below(6); i < count; ++i) {
      const std::string key = random_->OneIn(unique ? 3 : 8) ? Name() : Step();
      if (!seen.insert(key).second && unique) continue;
      object += (object.empty() ? "" : ",") + ("\"" + Written(key) + "\":") + Value(levels - 1);
    }
    return "{" + object + "}";
  }

  std::string Value(int levels) {
    switch (random_->Below(levels > 0 ? 8 : 3)) {
      case 0:
        return random_->PickFrom(std::vector<std::string>{"0", "-12.50e+1", "true", "false", "null"});
      case 1:
        return "\"" + Written(random_->PickFrom(std::vector<std::string>{"", "},{", "\"a\":1,", "[", "]]", "\\"})) +
               "\"";
      case 2:
        return random_->PickFrom(std::vector<std::string>{"[]", "{}", "[[],{}]"});
      case 3:
        return "[" + Value(levels - 1) + "," + Value(levels - 1) + "]";
      default:
        return Object(levels, false);
    }
  }

  Random* const random_;
};

TEST(PropertyFinderRandomTest, FindsWhatAWalkOverATreeFinds) {
  Random random;
  PropertiesGenerator generator(&random);
  int found = 0;
  int missing = 0;
  for (int i = 0; i < 3'000; ++i) {
    std::vector<std::string> names(1 + random.Below(6));
    for (std::string& name : names) name = generator.Name();
    PropertyFinder finder(names);
    for (int k = 0; k < 4; ++k) {
      const std::string properties = generator.Properties();
      SCOPED_TRACE(properties);
      const std::optional<Json> json = testing::ReferenceReader(properties).ReadDocument(2);
      ASSERT_TRUE(json.has_value());
      const std::optional<Values> values = Find(&finder, names.size(), properties);
      ASSERT_TRUE(values.has_value());
      for (std::size_t n = 0; n < names.size(); ++n) {
        ASSERT_EQ((*values)[n], ReferenceFind(*json, names[n])) << names[n];
        ++((*values)[n].has_value() ? found : missing);
      }
    }
  }
  // Both must come up often, or nothing is compared.
  EXPECT_GT(found, 5'000);
  EXPECT_GT(missing, 5'000);
}

TEST(PropertyFinderRandomTest, DamagedTextIsReadWithinItsBounds) {
  Random random;
  PropertiesGenerator generator(&random);
  std::string scratch;
  for (int i = 0; i < 10'000; ++i) {
    std::string text = generator.Properties();
    for (std::uint64_t k = 0, count = 1 + random.Below(3); k < count; ++k) {
      const auto at = static_cast<std::size_t>(random.Below(text.size()));
      text[at] =
          random.OneIn(2) ? random.PickFrom(std::string_view("{}[]\",:\\u")) : static_cast<char>(random.Below(256));
    }
    const std::vector<std::string> names = {generator.Name(), generator.Name(), "a"};
    const std::optional<Values> values = Find(text, names);
    for (const std::optional<std::string>& value : values.value_or(Values())) {
      if (!value.has_value()) continue;
      StringForm(*value, &scratch);
      NumericText(*value, &scratch);
    }
  }
}

// --- Values ---

TEST(PropertyValueTest, HasAStringForm) {
  const struct {
    std::string value;
    std::string form;
  } table[] = {
      {R"("text")", "text"},
      {R"("")", ""},
      {R"("null")", "null"},
      {R"(" \"a\\b\n\u00e9\ud83d\ude00")", " \"a\\b\n\xc3\xa9\xf0\x9f\x98\x80"},
      {R"("\u0000")", std::string(1, '\0')},
      {"1", "1"},
      {"1.0", "1.0"},
      {"-0", "-0"},
      {"1E+400", "1E+400"},
      {"true", "true"},
      {"false", "false"},
      {R"([1,"a\n",null])", R"([1,"a\n",null])"},
      {R"({"b":1.10,"a":{}})", R"({"b":1.10,"a":{}})"},
  };
  std::string scratch = "left over";
  for (const auto& row : table) {
    SCOPED_TRACE(row.value);
    std::string appended = "before ";
    AppendStringForm(row.value, &appended);
    EXPECT_EQ(appended, "before " + row.form);
    EXPECT_EQ(StringForm(row.value, &scratch), row.form);
    EXPECT_FALSE(IsNull(row.value));
  }
  EXPECT_TRUE(IsNull("null"));
}

TEST(PropertyValueTest, StringFormIsAViewWhereThereAreNoEscapes) {
  std::string scratch = "as it was";
  for (const std::string_view value : {R"("text")", "1.5", R"(["a\n"])"}) {
    const std::string_view form = StringForm(value, &scratch);
    EXPECT_TRUE(form.data() == value.data() || form.data() == value.data() + 1) << value;
  }
  EXPECT_EQ(NumericText(R"("12")", &scratch), "12");
  EXPECT_EQ(scratch, "as it was");
}

TEST(PropertyValueTest, IsNumericWhenItIsANumberOrAStringThatIsOne) {
  const struct {
    std::string value;
    std::optional<std::string> numeral;
  } table[] = {
      {"0", "0"},
      {"-1.50E+07", "-1.50E+07"},
      {"1e400", "1e400"},
      {R"("12.5")", "12.5"},
      {R"("-0")", "-0"},
      {R"("1e5")", "1e5"},
      {R"("\u0031")", "1"},
      {R"("1\u002e\u0035")", "1.5"},

      {R"("")", kMissing},
      {R"(" 1")", kMissing},
      {R"("1 ")", kMissing},
      {R"("1\n")", kMissing},
      {R"("+1")", kMissing},
      {R"("\u002b1")", kMissing},
      {R"("01")", kMissing},
      {R"("1.")", kMissing},
      {R"(".5")", kMissing},
      {R"("0x10")", kMissing},
      {R"("NaN")", kMissing},
      {R"("Infinity")", kMissing},
      {R"("1,000")", kMissing},
      {R"("\"1\"")", kMissing},
      {R"("1\u0000")", kMissing},
      {R"("true")", kMissing},
      {"true", kMissing},
      {"false", kMissing},
      {"null", kMissing},
      {"[1]", kMissing},
      {"{}", kMissing},
  };
  std::string scratch = "7";
  for (const auto& row : table) {
    SCOPED_TRACE(row.value);
    EXPECT_EQ(NumericText(row.value, &scratch), row.numeral);
  }
}

}  // namespace
}  // namespace tallystick
