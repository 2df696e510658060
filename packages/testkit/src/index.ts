export { priceBillEntry } from "./second-price.ts";
