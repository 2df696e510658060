import { expect, test } from "@jest/globals";
import { slowTextFor } from "@understudy/testkit/linear-time";
import { firstWithin, lastWithin, withinBytes } from "../src/budget.ts";
import * as captionLimits from "../src/caption-limits.ts";
import { creatorPart } from "../src/creator-part.ts";
import * as fanSignals from "../src/fan-signals.ts";
import * as fanText from "../src/fan-text.ts";
import * as figures from "../src/figures.ts";
import * as honestOffer from "../src/honest-offer.ts";
import * as knownParts from "../src/known-parts.ts";
import * as obviousBreaches from "../src/obvious-breaches.ts";
import * as outgoingText from "../src/outgoing-text.ts";

const prices = new honestOffer.PriceList({ prices: { "a set": "12.50", "a call": "50" } });
const profile = { voice: "See https://mia.example/shop", sampleReplies: ["Hi!"] };

/** How each function reads a text from outside, beside the module whose patterns it uses. */
const readers: Record<string, readonly [string, (text: string) => unknown]> = {
  withinBytes: ["budget", (text) => withinBytes(text, 4_000)],
  firstWithin: ["budget", (text) => firstWithin(text.split("\n"), 4_000)],
  lastWithin: ["budget", (text) => lastWithin(text.split("\n"), 4_000)],
  visible: ["fan-text", fanText.visible],
  contained: ["fan-text", fanText.contained],
  labelled: ["fan-text", (text) => fanText.labelled("fan_message", text, 4_000)],
  fitToShow: ["outgoing-text", (text) => outgoingText.fitToShow(text, profile)],
  "fitToShow, of a profile": ["outgoing-text", (text) => outgoingText.fitToShow("hi", { voice: text })],
  quotesInstructions: [
    "outgoing-text",
    (text) => outgoingText.quotesInstructions(text, "Write as a creator."),
  ],
  "obviousBreaches, incoming": [
    "obvious-breaches",
    (text) => obviousBreaches.obviousBreaches(text, "incoming"),
  ],
  "obviousBreaches, outgoing": [
    "obvious-breaches",
    (text) => obviousBreaches.obviousBreaches(text, "outgoing"),
  ],
  mayHarmThemselves: ["fan-signals", fanSignals.mayHarmThemselves],
  isVulnerable: ["fan-signals", fanSignals.isVulnerable],
  refusesOffers: ["fan-signals", fanSignals.refusesOffers],
  asksToBuy: ["fan-signals", fanSignals.asksToBuy],
  goodsIn: ["fan-signals", fanSignals.goodsIn],
  isHonestOffer: ["honest-offer", honestOffer.isHonestOffer],
  honestTactics: ["honest-offer", (text) => honestOffer.honestTactics([text])],
  agreesWith: ["honest-offer", (text) => prices.agreesWith(text)],
  tweetLength: ["caption-limits", captionLimits.tweetLength],
  fitCaption: ["caption-limits", (text) => captionLimits.fitCaption("twitter", text, [text])],
  creatorPart: ["creator-part", (text) => creatorPart({ voice: text, dos: [text] })],
  conversationPart: [
    "known-parts",
    (text) => knownParts.conversationPart({ summary: text, turns: [{ from: "fan", text }] }),
  ],
  insightParts: [
    "known-parts",
    (text) =>
      knownParts.insightParts([
        { id: "i", source: "test_ai", type: "fan_interest", text, data: {}, confidence: 1 },
      ]),
  ],
  seriesIn: ["figures", (text) => figures.seriesIn([{ [text]: 1, date: text }, { [text]: 2 }])],
};

test.each(Object.entries(readers))(
  "%s takes four times as long for four times the text",
  (_, [module, read]) => {
    const modules = [...new Set([module, "fan-text"])].map(
      (name) => new URL(`../src/${name}.ts`, import.meta.url),
    );
    expect(slowTextFor(read, modules)).toBeUndefined();
  },
);
