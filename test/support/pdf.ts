import { extractText, getDocumentProxy } from 'unpdf'

/** A PDF as a reader sees it: the text of each page, what the document says of itself, and whether it is tagged. */
export async function readPdf(bytes: Uint8Array): Promise<{
  pages: string[]
  info: Record<string, unknown>
  language: string | null
  tagged: boolean
}> {
  const document = await getDocumentProxy(new Uint8Array(bytes))
  const { text } = await extractText(document, { mergePages: false })
  const { info } = await document.getMetadata()
  const details = info as Record<string, unknown>
  const marks = (await document.getMarkInfo()) as { Marked?: boolean } | null
  return {
    pages: text.map((page) => page.replace(/\s+/g, ' ').trim()),
    info: details,
    language: (details['Language'] as string | null) ?? null,
    tagged: marks?.Marked === true
  }
}
