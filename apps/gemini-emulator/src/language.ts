import { plainText } from "./message-text.ts";

export type Language =
  | "en"
  | "es"
  | "pt"
  | "fr"
  | "de"
  | "it"
  | "nl"
  | "tr"
  | "id"
  | "pl"
  | "ru"
  | "ar"
  | "ko"
  | "ja";

/** Scripts that one language mostly writes. */
const SCRIPTS: readonly (readonly [RegExp, Language])[] = [
  [/\p{Script=Hangul}/gu, "ko"],
  [/[\p{Script=Hiragana}\p{Script=Katakana}]/gu, "ja"],
  [/\p{Script=Cyrillic}/gu, "ru"],
  [/\p{Script=Arabic}/gu, "ar"],
];

/** Frequent words that few of the other languages have. */
const WORDS: Readonly<Partial<Record<Language, string>>> = {
  en: "the i you is are this that it and to of my your me we so love song video music best good great what who why how was have for not in on like just can't don't im i'm hey hi hello please very",
  es: "el la los las que de y en es un una por con para mi tu te lo como muy pero más está eres soy gracias hola canción buena bueno mejor mucho cuando qué cómo saludos desde amo encanta yo quiero video música me hermosa",
  pt: "o os um uma que de e em é por para meu minha você vc não muito mais está obrigado obrigada olá oi música boa bom melhor quando como eu te amo adoro brasil linda seu sua saudades demais isso",
  fr: "le la les un une des que et est de en pour avec mon ma ta tu vous je j'adore c'est trop très belle beau chanson bonjour salut merci quand comment mais pas votre suis aime fort du au ce cette",
  de: "der die das und ist ich du nicht ein eine mit für auf sehr aber wie was wann danke hallo lied dein deine mein bist schön gut beste liebe wir habe aus grüße immer auch so",
  it: "il lo gli che di e è un una per con mio tuo sei sono ciao grazie canzone bella bello molto ma non quando come mi piace più della questa troppo ti amo",
  nl: "de het een en is ik je jij niet met voor op zijn mijn heel erg mooi leuk lied hoe wat wanneer bedankt hallo goed ook maar van deze vind",
  tr: "bir ve bu çok ben sen için ama ne nasıl neden şarkı güzel teşekkürler merhaba selam seviyorum harika en iyi mi var yok bana sana türkiye canım olsun",
  id: "yang dan di ini itu saya aku kamu tidak gak sangat bagus lagu terima kasih halo hai apa kapan bagaimana keren banget suka cinta dari untuk dengan indonesia kak bang lagi",
  pl: "i w na z jest nie to się ja ty mój bardzo ale jak co kiedy dziękuję dzięki cześć piosenka dobra kocham najlepszy pozdrawiam jestem dla tak",
};

const LANGUAGES_OF_WORD: ReadonlyMap<string, readonly Language[]> = invert();

/** Letters that settle it between languages with common words. */
const LETTERS: readonly (readonly [RegExp, Language])[] = [
  [/[ğışİ]/i, "tr"],
  [/[ãõ]/i, "pt"],
  [/[ñ¿¡]/i, "es"],
  [/[ßäöü]/i, "de"],
  [/[łąęśżźć]/i, "pl"],
  [/[êèçœ]/i, "fr"],
];

/** The language that a message is written in; English where it cannot be told. */
export function detectLanguage(message: string): Language {
  const latin = !/[^\p{ASCII}\u0080-\u024f\u2000-\u206f]/u.test(message);
  if (!latin) {
    const letters = message.match(/\p{L}/gu)?.length ?? 0;
    if (letters === 0) return "en";
    for (const [script, language] of SCRIPTS) {
      if ((message.match(script)?.length ?? 0) > letters * 0.4) return language;
    }
  }
  const words =
    plainText(message.replace(/(?<!\S)\S*?(?::\/\/|www\.|\.com)\S*/g, " ")).match(/[\p{L}']+/gu) ?? [];
  // A word of English more or less is in every message: the others must be ahead of it.
  const scores = new Map<Language, number>([["en", 0.5]]);
  const count = (language: Language, points: number) =>
    scores.set(language, (scores.get(language) ?? 0) + points);
  for (const word of words) for (const language of LANGUAGES_OF_WORD.get(word) ?? []) count(language, 1);
  for (const [letters, language] of LETTERS) if (letters.test(message)) count(language, 1.2);
  let best: Language = "en";
  for (const [language, points] of scores) if (points > (scores.get(best) ?? 0)) best = language;
  return best;
}

function invert(): Map<string, Language[]> {
  const languages = new Map<string, Language[]>();
  for (const [language, words] of Object.entries(WORDS)) {
    for (const word of new Set(words.split(" "))) {
      languages.set(word, [...(languages.get(word) ?? []), language as Language]);
    }
  }
  return languages;
}
