/** The style of the pages of supervisors and administrators comes when they are opened, as the pages themselves do. */

/** Resolves when it is in force; without it the pages are plain, and work. */
export function officeStyle(): Promise<void> {
  const href = document.querySelector<HTMLMetaElement>('meta[name=office-style]')?.content
  if (href === undefined || document.querySelector(`link[href="${href}"]`) !== null) return Promise.resolve()
  const link = document.createElement('link')
  link.rel = 'stylesheet'
  link.href = href
  return new Promise(resolve => {
    link.onload = () => resolve()
    link.onerror = () => resolve()
    document.head.append(link)
  })
}
