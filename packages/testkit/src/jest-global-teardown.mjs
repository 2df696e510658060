export default async function tearDown() {
  await globalThis.understudyTestPostgres?.remove();
}
