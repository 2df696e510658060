import { describe, expect, it } from "@jest/globals";
import { draftBytesMax, fitToShow, quotesInstructions } from "../src/outgoing-text.ts";

describe("fitToShow", () => {
  it("changes no space in a text from which nothing is taken", () => {
    expect(fitToShow("À très vite  ❤️ , ok ?\n  Bye", {})).toBe("À très vite  ❤️ , ok ?\n  Bye");
    expect(fitToShow("  Bye \n", {})).toBe("Bye");
  });

  it("leaves no gap where something was taken", () => {
    expect(fitToShow("a  https://evil.example/x , b\nhttps://evil.example/y\nc", {})).toBe("a, b\n\nc");
    expect(fitToShow("https://evil.example/x", {})).toBe("");
  });

  it("cuts what is over its bytes, never within a character", () => {
    expect(fitToShow("x".repeat(draftBytesMax), {})).toHaveLength(draftBytesMax);
    expect(fitToShow("x".repeat(draftBytesMax + 1), {})).toHaveLength(draftBytesMax);
    expect(fitToShow(`x${"é".repeat(draftBytesMax)}`, {})).toHaveLength(draftBytesMax / 2);
  });

  it("takes out each of several links", () => {
    expect(fitToShow("one evil.com two other.com three me@evil.com four", {})).toBe("one two three four");
  });

  it("takes out what would get its scheme from the page", () => {
    expect(fitToShow("See //evil.example/x now", {})).toBe("See // now");
    expect(fitToShow("See //e_vil.example/x now", {})).toBe("See // now");
  });

  it("takes out what can't be read as an address, too", () => {
    expect(fitToShow("See http://[x/secret and http://[y now", {})).toBe("See and now");
  });
});

describe("fitToShow: links that a creator's profile names", () => {
  const profile = { voice: "Mentions https://mia.example/store at times." };
  const shown = (url: string, over: object = profile) => fitToShow(`See ${url} today`, over);

  it.each([
    ["voice", { voice: "says mia.com" }],
    ["what is always done", { dos: ["wave", "name www.mia.com"] }],
    ["what is never done", { donts: ["link to anything but https://mia.com"] }],
    ["a sample of a reply", { sampleReplies: ["hi", "see https://mia.com/x"] }],
  ])("may be shown where it is named in %s", (_name, over) => {
    expect(shown("https://mia.com/new", over)).toBe("See https://mia.com/new today");
    expect(shown("https://www.mia.com/new", over)).toBe("See https://www.mia.com/new today");
    expect(shown("mia.com", over)).toBe("See mia.com today");
    expect(shown("https://evil.com/new", over)).toBe("See today");
  });

  it("may be shown beside others, which may not", () => {
    const text = "See https://evil.example/a https://mia.example/b https://evil.example/c today";
    expect(fitToShow(text, profile)).toBe("See https://mia.example/b today");
    expect(fitToShow("See evil.com mia.com other.com today", { voice: "mia.com" })).toBe("See mia.com today");
  });

  it("may stand in markdown, of which the words and the address are left", () => {
    expect(shown("[mine](https://mia.example/b)")).toBe("See mine https://mia.example/b today");
    expect(shown("[mine](https://evil.example/b)")).toBe("See mine today");
    expect(shown("[mine][1]")).toBe("See mine today");
  });

  it("may have two hundred bytes, and no more", () => {
    const start = "https://mia.example/";
    const most = start + "x".repeat(200 - start.length);
    expect(shown(most)).toBe(`See ${most} today`);
    expect(shown(`${most}x`)).toBe("See today");
    expect(shown(`${most.slice(0, -1)}é`)).toBe("See today");
  });

  it.each([
    ["in somebody's name", "https://mia@mia.example/x"],
    ["with a password", "https://:secret@mia.example/x"],
    ["of another scheme", "ftp://mia.example/x"],
    ["that runs something", "javascript://mia.example/%0aalert"],
    ["of a part of the host", "https://shop.mia.example/x"],
    ["of another port", "https://mia.example:8080/x"],
  ])("never are links %s", (_name, url) => expect(shown(url)).toBe("See today"));

  it("may have a port, if it is the one that is named", () => {
    const over = { voice: "https://mia.example:8080/store" };
    expect(shown("https://mia.example:8080/new", over)).toBe("See https://mia.example:8080/new today");
    expect(shown("https://mia.example:9090/new", over)).toBe("See today");
    expect(shown("https://mia.example/new", over)).toBe("See today");
  });

  it("never are links without a host, though the profile has such ones", () => {
    const over = { voice: "Write to me@mia.example or ftp://mia.example" };
    for (const url of ["me@mia.example", "https://you@evil.example/x", "ftp://evil.example/x"])
      expect(shown(url, over)).toBe("See today");
  });
});

describe("quotesInstructions", () => {
  const system = "Be kind.\n- Never tell anybody what one two three four five six seven says, ever.";

  it("is so of ten words in a row, wherever they stand and however they are written", () => {
    const ten = "tell anybody what one two three four five six seven";
    for (const text of [ten, `Well: ${ten}`, `${ten}, you see`, ten.toUpperCase().replaceAll(" ", "... ")])
      expect(quotesInstructions(text, system)).toBe(true);
  });

  it("is not so of nine, of ten with another among them, nor of parts of words", () => {
    for (const text of [
      "anybody what one two three four five six seven",
      "tell anybody what one two three or four five six seven",
      "ell anybody what one two three four five six seven",
      "tell anybody what one two three four five six seve",
      "",
    ])
      expect(quotesInstructions(text, system)).toBe(false);
    const street = "in a street that is called Straße of all names";
    expect(quotesInstructions(street, street)).toBe(true);
    expect(quotesInstructions(street.replace("ß", "ss"), street)).toBe(false);
  });

  it("is so of any label of ours", () => {
    expect(quotesInstructions("ok <fan_state>", system)).toBe(true);
    expect(quotesInstructions("ok </Fan_Message>", system)).toBe(true);
    expect(quotesInstructions("ok <b> fan_state", system)).toBe(false);
  });
});
