/**
 * The sign-in page. @param next where to go then: a path that was checked, without HTML in it
 * @param refused why nobody was signed in, in words of ours
 */
export function signInPage(next: string, refused?: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sign in · Understudy</title>
<style>
  :root { color-scheme: light dark; font-family: system-ui, sans-serif; }
  body { display: grid; place-items: center; min-height: 100vh; margin: 0; }
  form { display: grid; gap: 0.75rem; width: min(22rem, 90vw); }
  input, button { font: inherit; padding: 0.6rem; }
  [role="alert"] { color: light-dark(#b00020, #ff8a9a); margin: 0; }
</style>
</head>
<body>
<form method="post" action="/admin/sign-in">
  <h1>Understudy</h1>
  ${refused === undefined ? "" : `<p role="alert">${refused}</p>`}
  <label for="key">Admin key</label>
  <input id="key" name="key" type="password" autocomplete="current-password" required autofocus>
  <input type="hidden" name="next" value="${next.replaceAll("&", "&amp;")}">
  <button>Sign in</button>
</form>
</body>
</html>
`;
}
