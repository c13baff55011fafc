"""The pages in front of the workbench: sign in, and choose a passphrase. Plain HTML, nothing from elsewhere, no script."""

from __future__ import annotations

from html import escape
from typing import Final

_FRAME: Final = """<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width" />
    <title>finsync: {title}</title>
    <link rel="icon" href="data:," />
    <style>
      html, body {{ margin: 0; min-height: 100%; background: #151b22; color: #d9e1ea; font: 16px/1.5 Menlo, Consolas, monospace; }}
      main {{ max-width: 26rem; margin: 12vh auto 0; padding: 0 1rem; }}
      h1 {{ font-size: 1.1rem; color: #56b4e9; }}
      label {{ display: block; margin: 1rem 0 .25rem; }}
      input {{ width: 100%; box-sizing: border-box; padding: .5rem; font: inherit; color: inherit; background: #0e1318; border: 1px solid #4a5764; }}
      input:focus, button:focus {{ outline: 2px solid #56b4e9; }}
      button {{ margin-top: 1.25rem; padding: .5rem 1rem; font: inherit; color: #0e1318; background: #56b4e9; border: 0; }}
      .trouble {{ border-left: 4px solid #e69f00; padding-left: .75rem; }}
      code {{ overflow-wrap: anywhere; }}
      a {{ color: #56b4e9; }}
    </style>
  </head>
  <body><main><h1>finsync · {title}</h1>{body}</main></body>
</html>
"""


def sign_in(workspace: str, trouble: str = "", login: str = "") -> str:
    """Return the page that asks who one is."""
    focus = ("", " autofocus") if login else (" autofocus", "")
    return _page(
        "sign in",
        f"""{_trouble(trouble)}<p>Workspace <strong>{escape(workspace)}</strong></p>
      <form method="post" action="/sign-in">
        <label for="login">Sign-in name</label>
        <input id="login" name="login" value="{escape(login)}" maxlength="200" autocomplete="username" required{focus[0]} />
        <label for="passphrase">Passphrase</label>
        <input id="passphrase" name="passphrase" type="password" maxlength="1000" autocomplete="current-password" required{focus[1]} />
        <button type="submit">Sign in</button>
      </form>
      <p>Invited for the first time? <a href="/join">Choose a passphrase</a></p>""",
    )


def join(workspace: str, trouble: str = "", login: str = "") -> str:
    """Return the page on which an invited person chooses a passphrase."""
    return _page(
        "choose a passphrase",
        f"""{_trouble(trouble)}<p>Workspace <strong>{escape(workspace)}</strong>. The passphrase opens your signing key: nobody can look it
      up for you, and what you approve is signed with it. Four words that do not belong together are a good one.</p>
      <form method="post" action="/join">
        <label for="login">Sign-in name</label>
        <input id="login" name="login" value="{escape(login)}" maxlength="200" autocomplete="username" required autofocus />
        <label for="code">Code of your invitation</label>
        <input id="code" name="code" maxlength="200" autocomplete="off" required />
        <label for="passphrase">Passphrase</label>
        <input id="passphrase" name="passphrase" type="password" maxlength="1000" autocomplete="new-password" required />
        <label for="again">The same again</label>
        <input id="again" name="again" type="password" maxlength="1000" autocomplete="new-password" required />
        <button type="submit">Choose it</button>
      </form>""",
    )


def joined(line: str) -> str:
    """Return the page that says how it goes on after that."""
    return _page(
        "welcome",
        f"""<p>Your passphrase is set, and a signing key was made for you.</p>
      <p>You can <a href="/sign-in">sign in</a> and work now. Before what you sign counts, an administrator puts this line under
      your name in the profile; send it to them:</p>
      <p><code>{escape(line)}</code></p>""",
    )


def _page(title: str, body: str) -> str:
    return _FRAME.format(title=escape(title), body=body)


def _trouble(text: str) -> str:
    return f'<p class="trouble" role="alert">{escape(text)}</p>' if text else ""
