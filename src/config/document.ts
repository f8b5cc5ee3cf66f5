/** docs/configuration.md, written from the schema. */
import { SETTINGS, type Setting } from './settings.ts'

const HEAD = `# Configuration

Every setting: its key in the file, its environment variable, what it may be, its default, what it is for. This page is
written by \`npx goldenhour config docs > docs/configuration.md\`; a test holds it to the code.

A variable wins over the file, the file over the default. The file is JSON, with the keys nested:
\`{"port": 9001, "limits": {"helloTimeoutMs": 5000}}\`. Name it by \`GOLDENHOUR_CONFIG=FILE\`, or for \`serve\` and
\`config\` by \`--config FILE\`. Relative paths start from the working directory. A variable that is empty counts as not
set; one that holds a list has its parts between commas; \`GOLDENHOUR_OIDC\` and \`GOLDENHOUR_WEBHOOKS\` are JSON.

A key or a variable \`GOLDENHOUR_…\` that is no setting is refused, and so is a value that cannot be used: all of them at
once, each with where it came from. Names that begin with \`GOLDENHOUR_TEST_\` are left to tests.
\`npx goldenhour config check\` says whether the engine would start with what is set; \`npx goldenhour config print\` shows
every value and where it came from, secrets as \`***\`.
`

/** Markdown, ending with a line break. */
export function configurationDocument(): string {
  const groups = [...new Set(SETTINGS.map(groupOf))]
  const parts = groups.map(group => {
    const rows = SETTINGS.filter(setting => groupOf(setting) === group).map(rowOf)
    return [
      `## ${group === '' ? 'The engine' : `\`${group}\``}`,
      '',
      '| key | variable | must be | default | |',
      '|---|---|---|---|---|',
      ...rows,
      '',
    ].join('\n')
  })
  return `${HEAD}\n${parts.join('\n')}`
}

const groupOf = ({ key }: Setting): string => (key.includes('.') ? key.slice(0, key.indexOf('.')) : '')

function rowOf({ key, variable, must, standard, defaultInWords, purpose, secret }: Setting): string {
  const shown = defaultInWords ?? (standard === null || isEmpty(standard) ? '' : `\`${String(standard)}\``)
  const cells = [`\`${key}\``, `\`${variable}\``, must, shown, secret ? `${purpose} Secret.` : purpose]
  return `| ${cells.join(' | ')} |`
}

const isEmpty = (value: unknown): boolean => Array.isArray(value) && value.length === 0
