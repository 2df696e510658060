import type { Language } from "./language.ts";
import type { Kind } from "./message-kind.ts";

/** The kinds that replies in languages other than English tell apart. */
export type BroadKind = "praise" | "question" | "greeting" | "criticism" | "spam" | "distress" | "statement";

export interface WorldPhrases {
  body: Readonly<Record<BroadKind, readonly string[]>>;
  close: readonly string[];
}

const BROAD: Readonly<Partial<Record<Kind, BroadKind>>> = {
  distress: "distress",
  hate: "criticism",
  insult: "criticism",
  sexual: "criticism",
  criticism: "criticism",
  payment: "spam",
  scam: "spam",
  spam: "spam",
  place: "greeting",
  greeting: "greeting",
  birthday: "praise",
  fandom: "praise",
  thanks: "praise",
  emoji: "praise",
  praise: "praise",
  minor: "praise",
  purchase: "question",
  question: "question",
  question_who: "question",
  question_why: "question",
  question_when: "question",
  question_how: "question",
};

export function broadKind(kind: Kind): BroadKind {
  return BROAD[kind] ?? "statement";
}

/** `{quote}` is the fan's own words. */
export const WORLD: Readonly<Record<Exclude<Language, "en">, WorldPhrases>> = {
  es: {
    body: {
      praise: [
        "¡Qué bonito leerte!",
        "Me alegraste el día.",
        "Mensajes así me dan fuerzas.",
        "“{quote}” me lo guardo para siempre.",
        "¡Gracias de corazón!",
      ],
      question: [
        "¡Buena pregunta!",
        "“{quote}”… déjame pensarlo bien.",
        "Te lo cuento pronto, prometido.",
        "Eso me lo preguntan mucho.",
        "¿Y tú qué crees?",
      ],
      greeting: [
        "¡Hola! Qué alegría verte por aquí.",
        "¡Un saludo enorme!",
        "¡Hola, hola! ¿Cómo va tu día?",
        "¡Qué lejos llega la música! Un abrazo.",
      ],
      criticism: [
        "Gracias por la sinceridad.",
        "No a todos les gusta lo mismo, y está bien.",
        "Lo tomo en cuenta, de verdad.",
        "Con respeto podemos hablar de todo.",
      ],
      spam: [
        "Te deseo suerte, pero aquí no compartimos publicidad.",
        "Prefiero hablar de música que de anuncios.",
        "Mucho éxito con lo tuyo, aunque este no es el lugar.",
      ],
      distress: [
        "Siento mucho que estés pasando por esto. Habla hoy con alguien de confianza o llama a una línea de ayuda o a emergencias, por favor.",
        "Gracias por contármelo. No estás solo: busca a alguien cercano o una línea de ayuda ahora mismo.",
      ],
      statement: [
        "“{quote}”, me encanta cómo lo dices.",
        "Me quedo pensando en eso: “{quote}”.",
        "Te leo y sonrío.",
        "¡Así es!",
      ],
    },
    close: [
      "Un abrazo.",
      "¿Cuál es tu canción favorita?",
      "¡Nos vemos pronto!",
      "Gracias por estar aquí.",
      "",
    ],
  },
  pt: {
    body: {
      praise: [
        "Que mensagem linda!",
        "Você fez o meu dia.",
        "É por isso que eu continuo.",
        "“{quote}” vai direto para o meu coração.",
        "Muito obrigado pelo carinho!",
      ],
      question: [
        "Boa pergunta!",
        "“{quote}”… deixa eu pensar.",
        "Conto em breve, prometo.",
        "Muita gente pergunta isso.",
        "E você, o que acha?",
      ],
      greeting: [
        "Oi! Que bom te ver aqui.",
        "Um beijo enorme para você!",
        "Olá! Como está o seu dia?",
        "Que alegria saber que a música chega até aí!",
      ],
      criticism: [
        "Obrigado pela sinceridade.",
        "Nem tudo agrada a todos, e tudo bem.",
        "Vou pensar nisso, de verdade.",
        "Com respeito a gente conversa sobre tudo.",
      ],
      spam: [
        "Boa sorte, mas aqui não divulgo propaganda.",
        "Prefiro falar de música do que de anúncios.",
        "Sucesso com o seu projeto, só que não é o lugar.",
      ],
      distress: [
        "Sinto muito que você esteja passando por isso. Fale hoje com alguém de confiança ou ligue para o CVV (188) ou a emergência.",
        "Obrigado por me contar. Você não está só: procure alguém próximo ou uma linha de apoio agora.",
      ],
      statement: [
        "“{quote}”, adorei o jeito que você falou.",
        "Fiquei pensando nisso: “{quote}”.",
        "Li e sorri.",
        "É isso mesmo!",
      ],
    },
    close: ["Um abraço!", "Qual é a sua música favorita?", "Até a próxima!", "Obrigado por estar aqui.", ""],
  },
  fr: {
    body: {
      praise: [
        "Ça me touche beaucoup !",
        "Tu viens d’illuminer ma journée.",
        "C’est pour ça que je continue.",
        "« {quote} », je le garde précieusement.",
        "Merci du fond du cœur !",
      ],
      question: [
        "Bonne question !",
        "« {quote} »… laisse-moi réfléchir.",
        "Je t’en dis plus bientôt, promis.",
        "On me le demande souvent.",
        "Et toi, qu’en penses-tu ?",
      ],
      greeting: [
        "Coucou ! Ça fait plaisir de te voir ici.",
        "Salut ! Comment se passe ta journée ?",
        "Bonjour et bienvenue !",
        "La musique voyage loin, j’adore !",
      ],
      criticism: [
        "Merci pour ta franchise.",
        "On ne peut pas plaire à tout le monde, et c’est très bien.",
        "Je le note, vraiment.",
        "Avec du respect, on peut parler de tout.",
      ],
      spam: [
        "Bonne chance, mais ici je ne partage pas de pub.",
        "Je préfère parler musique que promo.",
        "Plein de succès à toi, mais ce n’est pas l’endroit.",
      ],
      distress: [
        "Je suis désolé que tu traverses ça. Parle aujourd’hui à un proche ou appelle le 3114 ou les urgences, s’il te plaît.",
        "Merci de me l’avoir dit. Tu n’es pas seul : contacte quelqu’un de confiance ou une ligne d’écoute maintenant.",
      ],
      statement: [
        "« {quote} », joliment dit.",
        "« {quote} »… ça me fait réfléchir.",
        "Je te lis avec le sourire.",
        "Tout à fait !",
      ],
    },
    close: ["Je t’embrasse.", "C’est quoi ta chanson préférée ?", "À très vite !", "Merci d’être là.", ""],
  },
  de: {
    body: {
      praise: [
        "Das freut mich riesig!",
        "Du hast mir gerade den Tag gerettet.",
        "Genau deshalb mache ich weiter.",
        "„{quote}“ hänge ich mir an den Kühlschrank.",
        "Danke von Herzen!",
      ],
      question: [
        "Gute Frage!",
        "„{quote}“ … da muss ich kurz nachdenken.",
        "Bald erzähle ich mehr, versprochen.",
        "Das fragen mich viele.",
        "Was meinst du denn?",
      ],
      greeting: [
        "Hallo! Schön, dass du da bist.",
        "Hey, wie läuft dein Tag?",
        "Liebe Grüße zurück!",
        "Toll, wie weit die Musik reist!",
      ],
      criticism: [
        "Danke für deine Ehrlichkeit.",
        "Man kann nicht jeden Geschmack treffen, und das ist okay.",
        "Ich nehme das mit.",
        "Mit Respekt können wir über alles reden.",
      ],
      spam: [
        "Viel Erfolg, aber Werbung teile ich hier nicht.",
        "Ich rede lieber über Musik als über Werbung.",
        "Alles Gute für dein Projekt, nur ist hier nicht der Ort dafür.",
      ],
      distress: [
        "Es tut mir leid, dass es dir so geht. Bitte sprich heute mit jemandem, dem du vertraust, oder ruf die Telefonseelsorge (0800 1110111) oder den Notruf an.",
        "Danke, dass du mir das sagst. Du bist nicht allein: Bitte hol dir jetzt Hilfe bei jemandem in deiner Nähe oder einem Krisentelefon.",
      ],
      statement: [
        "„{quote}“, schön gesagt.",
        "Über „{quote}“ denke ich noch nach.",
        "Ich lese das und lächle.",
        "Ganz genau!",
      ],
    },
    close: [
      "Fühl dich gedrückt.",
      "Was ist dein Lieblingslied?",
      "Bis bald!",
      "Schön, dass du hier bist.",
      "",
    ],
  },
  it: {
    body: {
      praise: [
        "Che bel messaggio!",
        "Mi hai fatto felice.",
        "È per questo che continuo.",
        "“{quote}” me lo tengo stretto.",
        "Grazie di cuore!",
      ],
      question: [
        "Bella domanda!",
        "“{quote}”… fammici pensare.",
        "Te lo racconto presto, promesso.",
        "Tu che ne pensi?",
      ],
      greeting: ["Ciao! Che bello vederti qui.", "Ciao ciao! Come va la giornata?", "Un saluto grande!"],
      criticism: [
        "Grazie della sincerità.",
        "Non si può piacere a tutti, va bene così.",
        "Ne terrò conto.",
        "Con rispetto si parla di tutto.",
      ],
      spam: ["In bocca al lupo, ma qui niente pubblicità.", "Preferisco parlare di musica."],
      distress: [
        "Mi dispiace tanto. Parlane oggi con qualcuno di fiducia o chiama una linea di ascolto o il 112, per favore.",
      ],
      statement: [
        "“{quote}”, detto benissimo.",
        "“{quote}”… ci penso su.",
        "Ti leggo e sorrido.",
        "Proprio così!",
      ],
    },
    close: ["Un abbraccio.", "Qual è la tua canzone preferita?", "A presto!", ""],
  },
  nl: {
    body: {
      praise: ["Wat lief van je!", "Je maakt mijn dag goed.", "“{quote}” hang ik op.", "Dank je wel!"],
      question: [
        "Goede vraag!",
        "“{quote}”… daar moet ik over nadenken.",
        "Binnenkort vertel ik meer.",
        "Wat denk jij?",
      ],
      greeting: ["Hoi! Fijn dat je er bent.", "Hallo! Hoe is je dag?", "Groetjes terug!"],
      criticism: ["Dank je voor je eerlijkheid.", "Smaken verschillen, en dat is prima.", "Ik neem het mee."],
      spam: ["Succes ermee, maar reclame deel ik hier niet.", "Ik praat liever over muziek."],
      distress: ["Wat naar dat je je zo voelt. Praat vandaag met iemand die je vertrouwt of bel 113 of 112."],
      statement: ["“{quote}”, mooi gezegd.", "“{quote}”… daar denk ik nog over na.", "Precies!"],
    },
    close: ["Dikke knuffel.", "Wat is je lievelingsliedje?", "Tot snel!", ""],
  },
  tr: {
    body: {
      praise: [
        "Ne kadar güzel bir mesaj!",
        "Günümü güzelleştirdin.",
        "Bu yüzden devam ediyorum.",
        "“{quote}” kalbime yazıldı.",
        "Yürekten teşekkürler!",
      ],
      question: ["Güzel soru!", "“{quote}”… bir düşüneyim.", "Yakında anlatacağım, söz.", "Sen ne dersin?"],
      greeting: ["Merhaba! Burada olmana sevindim.", "Selam! Günün nasıl geçiyor?", "Kocaman selamlar!"],
      criticism: [
        "Dürüstlüğün için teşekkürler.",
        "Herkesin zevki farklı, sorun değil.",
        "Not aldım, gerçekten.",
      ],
      spam: ["Bol şans, ama burada reklam paylaşmıyorum.", "Reklam yerine müzik konuşalım."],
      distress: [
        "Böyle hissettiğin için çok üzgünüm. Lütfen bugün güvendiğin biriyle konuş ya da 112’yi ara.",
      ],
      statement: [
        "“{quote}”, ne güzel söyledin.",
        "“{quote}”… bunu düşünüyorum.",
        "Okurken gülümsedim.",
        "Aynen öyle!",
      ],
    },
    close: ["Sevgiler.", "En sevdiğin şarkı hangisi?", "Görüşürüz!", "İyi ki varsın.", ""],
  },
  id: {
    body: {
      praise: [
        "Manis banget pesannya!",
        "Kamu bikin hariku cerah.",
        "Ini alasan aku terus berkarya.",
        "“{quote}” aku simpan di hati.",
        "Terima kasih banyak!",
      ],
      question: [
        "Pertanyaan bagus!",
        "“{quote}”… aku pikir dulu ya.",
        "Nanti aku ceritakan, janji.",
        "Menurut kamu gimana?",
      ],
      greeting: ["Halo! Senang kamu mampir.", "Hai! Gimana harimu?", "Salam hangat!"],
      criticism: ["Terima kasih sudah jujur.", "Selera orang beda-beda, tidak apa-apa.", "Aku catat ya."],
      spam: ["Semoga sukses, tapi di sini tidak untuk promosi.", "Yuk ngobrol soal musik saja."],
      distress: [
        "Aku sedih kamu merasa begitu. Tolong bicara hari ini dengan orang yang kamu percaya, atau hubungi layanan darurat 112 atau 119.",
      ],
      statement: [
        "“{quote}”, aku suka cara kamu bilangnya.",
        "“{quote}”… jadi kepikiran.",
        "Aku senyum bacanya.",
        "Setuju!",
      ],
    },
    close: ["Peluk jauh.", "Lagu favoritmu apa?", "Sampai jumpa!", ""],
  },
  pl: {
    body: {
      praise: [
        "Jak miło to czytać!",
        "To poprawiło mi dzień!",
        "„{quote}” zapamiętam na długo.",
        "Dziękuję z całego serca!",
      ],
      question: [
        "Dobre pytanie!",
        "„{quote}”… muszę pomyśleć.",
        "Wkrótce opowiem więcej.",
        "A co ty o tym myślisz?",
      ],
      greeting: ["Cześć! Miło cię tu widzieć.", "Hej! Jak mija dzień?", "Pozdrawiam ciepło!"],
      criticism: ["Dzięki za szczerość.", "Każdy ma swój gust i to jest w porządku.", "Wezmę to pod uwagę."],
      spam: ["Powodzenia, ale reklam tu nie udostępniam.", "Wolę rozmawiać o muzyce."],
      distress: [
        "Bardzo mi przykro, że tak się czujesz. Porozmawiaj dziś z kimś bliskim albo zadzwoń na 116 123 lub 112.",
      ],
      statement: ["„{quote}”, ładnie powiedziane.", "„{quote}”… dało mi to do myślenia.", "Dokładnie!"],
    },
    close: ["Ściskam!", "Jaka jest twoja ulubiona piosenka?", "Do zobaczenia!", ""],
  },
  ru: {
    body: {
      praise: [
        "Как приятно это читать!",
        "Теперь у меня отличный день.",
        "Ради таких сообщений я и работаю.",
        "«{quote}» — сохраню себе.",
        "Спасибо от всего сердца!",
      ],
      question: [
        "Хороший вопрос!",
        "«{quote}»… дай подумать.",
        "Скоро расскажу, обещаю.",
        "Меня часто об этом спрашивают.",
        "А ты как думаешь?",
      ],
      greeting: ["Привет! Рад тебя видеть.", "Привет-привет! Как твой день?", "Большой привет тебе!"],
      criticism: [
        "Спасибо за честность.",
        "На вкус и цвет — это нормально.",
        "Я учту, правда.",
        "Давай общаться с уважением.",
      ],
      spam: [
        "Удачи, но рекламу я здесь не размещаю.",
        "Давай лучше о музыке.",
        "Успехов тебе, но здесь не место для рекламы.",
      ],
      distress: [
        "Мне очень жаль, что тебе так тяжело. Пожалуйста, поговори сегодня с близким человеком или позвони на линию помощи или 112.",
        "Спасибо, что написал. Ты не один: обратись прямо сейчас к тому, кому доверяешь, или на телефон доверия.",
      ],
      statement: [
        "«{quote}» — хорошо сказано.",
        "«{quote}»… теперь думаю об этом.",
        "Читаю и улыбаюсь.",
        "Именно так!",
      ],
    },
    close: ["Обнимаю.", "Какая песня любимая?", "До встречи!", "Спасибо, что ты здесь.", ""],
  },
  ar: {
    body: {
      praise: [
        "كلامك أسعدني كثيراً!",
        "رسالتك أجمل ما في يومي.",
        "من أجل هذه الرسائل أستمر.",
        "«{quote}» سأحتفظ بها.",
        "شكراً من القلب!",
      ],
      question: ["سؤال جميل!", "«{quote}»… دعني أفكر.", "سأخبركم قريباً، وعد.", "وما رأيك أنت؟"],
      greeting: ["أهلاً وسهلاً! سعيد بوجودك هنا.", "مرحباً! كيف يومك؟", "تحية كبيرة لك!"],
      criticism: ["شكراً على صراحتك.", "الأذواق تختلف وهذا طبيعي.", "سآخذ رأيك بعين الاعتبار."],
      spam: ["أتمنى لك التوفيق، لكن لا أنشر إعلانات هنا.", "أفضل الحديث عن الموسيقى."],
      distress: ["يؤلمني أنك تمر بهذا. أرجوك تحدث اليوم مع شخص تثق به أو اتصل برقم الطوارئ في بلدك."],
      statement: ["«{quote}»، قلتها بشكل جميل.", "«{quote}»… جعلتني أفكر.", "أقرأ وأبتسم."],
    },
    close: ["محبتي لك.", "ما أغنيتك المفضلة؟", "إلى اللقاء!", ""],
  },
  ko: {
    body: {
      praise: [
        "정말 고마워요!",
        "덕분에 오늘 하루가 행복해요.",
        "이런 메시지 덕분에 계속할 수 있어요.",
        "“{quote}” 마음에 담아 둘게요.",
      ],
      question: [
        "좋은 질문이에요!",
        "“{quote}”… 조금 생각해 볼게요.",
        "곧 알려 드릴게요, 약속!",
        "어떻게 생각해요?",
      ],
      greeting: ["안녕하세요! 와 줘서 반가워요.", "안녕! 오늘 하루 어때요?", "반가워요!"],
      criticism: ["솔직한 의견 고마워요.", "취향은 다 다르니까 괜찮아요.", "참고할게요."],
      spam: ["응원하지만 여기서는 홍보를 하지 않아요.", "음악 이야기를 해요!"],
      distress: [
        "많이 힘들었겠어요. 오늘 꼭 믿을 수 있는 사람에게 이야기하거나 109(자살예방상담전화)나 119에 연락해 주세요.",
      ],
      statement: ["“{quote}”, 멋진 말이에요.", "“{quote}”… 계속 생각나네요.", "읽으면서 웃었어요."],
    },
    close: ["사랑해요.", "제일 좋아하는 노래는 뭐예요?", "또 만나요!", ""],
  },
  ja: {
    body: {
      praise: [
        "うれしい言葉をありがとう！",
        "おかげでいい一日になりました。",
        "「{quote}」、大切にします。",
        "こういうメッセージが力になります。",
      ],
      question: [
        "いい質問ですね！",
        "「{quote}」…少し考えさせてください。",
        "近いうちにお話ししますね。",
        "どう思いますか？",
      ],
      greeting: ["こんにちは！来てくれてうれしいです。", "やあ！今日はどんな日ですか？", "はじめまして！"],
      criticism: ["正直な感想をありがとう。", "好みは人それぞれですよね。", "参考にします。"],
      spam: ["応援していますが、ここで宣伝はしていません。", "音楽の話をしましょう！"],
      distress: [
        "つらかったですね。今日、信頼できる人に話すか、#いのちSOS（0120-061-338）や119に連絡してください。",
      ],
      statement: [
        "「{quote}」、いい言葉ですね。",
        "「{quote}」…考えさせられます。",
        "読んで笑顔になりました。",
      ],
    },
    close: ["またね。", "一番好きな曲は？", "いつもありがとう。", ""],
  },
};
