/** All that a mail of notices says, in its language. */
export type Content = {
  locale: string
  timebank: string
  greeting: string
  items: { sentence: string; text: string | null; url: string }[]
  /** words of the link to one of them */
  open: string
  /** that there are more in the inbox; null: there are not */
  more: string | null
  inbox: string
  why: string
  stop: string
  stopUrl: string
}

export function textOf(content: Content): string {
  const items = content.items.map(({ sentence, text, url }) =>
    [`* ${sentence}`, ...(text === null ? [] : text.split('\n').map((line) => `  > ${line}`)), `  ${url}`].join('\n')
  )
  return [
    content.greeting,
    ...items,
    ...(content.more === null ? [] : [`${content.more}\n${content.inbox}`]),
    `-- \n${content.why}\n${content.stop}\n${content.stopUrl}\n`
  ].join('\n\n')
}

/**
 * One column that follows the width and the type size of its reader; no images, nothing fetched. Colours are left to the mail
 * program, light or dark, but for a rule and a shade that stand on both.
 */
export function htmlOf(content: Content): string {
  const items = content.items.map(
    ({ sentence, text, url }) =>
      `<li style="margin:0 0 1.25em"><p style="margin:0 0 .25em">${escaped(sentence)}</p>${
        text === null
          ? ''
          : `<blockquote style="margin:.25em 0;padding:0 0 0 .75em;border-left:3px solid #767676">${lines(text)}</blockquote>`
      }<a href="${escaped(url)}">${escaped(content.open)}</a></li>`
  )
  return page(
    content.locale,
    content.timebank,
    `<p>${escaped(content.greeting)}</p>
<ul style="margin:0;padding:0 0 0 1.25em">
${items.join('\n')}
</ul>
${content.more === null ? '' : `<p><a href="${escaped(content.inbox)}">${escaped(content.more)}</a></p>\n`}<hr style="border:0;border-top:1px solid #767676;margin:2em 0 1em">
<p style="font-size:.875em">${escaped(content.why)}<br><a href="${escaped(content.stopUrl)}">${escaped(content.stop)}</a></p>`
  )
}

/** A page in one language under one heading. */
export const page = (locale: string, title: string, body: string): string => `<!doctype html>
<html lang="${escaped(locale)}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>${escaped(title)}</title>
</head>
<body style="margin:0;padding:1.5em 1em;font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif;font-size:1.0625rem;line-height:1.5">
<div lang="${escaped(locale)}" style="max-width:36em;margin:0 auto">
<h1 style="font-size:1.25em;margin:0 0 1em">${escaped(title)}</h1>
${body}
</div>
</body>
</html>
`

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

export const escaped = (text: string): string => text.replace(/[&<>"']/g, (sign) => entities[sign]!)

const lines = (text: string): string => text.split('\n').map(escaped).join('<br>')
