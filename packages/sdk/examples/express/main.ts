import { createApp } from "./app.ts";

const {
  UNDERSTUDY_URL = "http://127.0.0.1:3000",
  UNDERSTUDY_API_KEY = "",
  UNDERSTUDY_WEBHOOK_SECRET = "",
  PORT = "4000",
} = process.env;

createApp({
  understudyUrl: UNDERSTUDY_URL,
  apiKey: UNDERSTUDY_API_KEY,
  webhookSecret: UNDERSTUDY_WEBHOOK_SECRET,
}).listen(Number(PORT), () => console.log(`http://127.0.0.1:${PORT}`));
