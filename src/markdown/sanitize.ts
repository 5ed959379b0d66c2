import createDOMPurify from 'dompurify';

// Text structure only. No img, svg, math, style, form, media or frame: each can make a request or change how markup
// is parsed. `button` is let through for citations alone (see the hook).
const TAGS = [
  ...['p', 'br', 'hr', 'span', 'div', 'strong', 'b', 'em', 'i', 'u', 'del', 's', 'sub', 'sup', 'kbd', 'mark', 'abbr'],
  ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'blockquote', 'pre', 'code', 'a', 'details', 'summary'],
  ...['ul', 'ol', 'li', 'dl', 'dt', 'dd', 'table', 'caption', 'thead', 'tbody', 'tfoot', 'tr', 'th', 'td', 'button'],
];
const ATTRIBUTES = [
  'href',
  'title',
  'start',
  'align',
  'colspan',
  'rowspan',
  'class',
  'type',
  'data-passage',
  'aria-label',
];
const CITATION = /^citation$/;
const CODE_LANGUAGE = /^language-[\w+#.-]{1,30}$/;
const SAFE_ADDRESS = /^(?:https?:\/\/|mailto:|#)/i;

let purifier: ReturnType<typeof createDOMPurify> | undefined;

/**
 * Reduces HTML of any origin to an allow-list of text structure.
 *
 * @param html as a Markdown renderer or a document made it; taken as hostile.
 * @returns a fragment that runs nothing and requests nothing when it is put into the page. Links open in a new tab
 *   without opener and referrer; relative links lose their address, since they would lead into the app itself.
 */
export function sanitize(html: string): DocumentFragment {
  purifier ??= createPurifier();
  const fragment = purifier.sanitize(html, {
    ALLOWED_TAGS: TAGS,
    ALLOWED_ATTR: ATTRIBUTES,
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    ALLOWED_URI_REGEXP: SAFE_ADDRESS,
    // The library holds every other attribute against the address pattern too, unless it is named here.
    ADD_URI_SAFE_ATTR: ATTRIBUTES.filter((name) => name !== 'href'),
    ALLOWED_NAMESPACES: ['http://www.w3.org/1999/xhtml'],
    RETURN_DOM_FRAGMENT: true,
  }) as DocumentFragment | null;
  // A frameset takes the place of the body, so nothing is left.
  return fragment ?? document.createDocumentFragment();
}

function createPurifier(): ReturnType<typeof createDOMPurify> {
  // An instance of our own: hooks on the shared one would leak into every other user of the library.
  const purify = createDOMPurify(window);
  purify.addHook('afterSanitizeAttributes', (element) => {
    keepClass(element);
    if (element.tagName === 'A') closeOff(element);
    if (element.tagName === 'BUTTON' && !isCitation(element)) element.replaceWith(...element.childNodes);
  });
  return purify;
}

function keepClass(element: Element): void {
  const value = element.getAttribute('class');
  if (value === null) return;
  const allowed = element.tagName === 'CODE' ? CODE_LANGUAGE : element.tagName === 'BUTTON' ? CITATION : null;
  if (!allowed?.test(value)) element.removeAttribute('class');
}

function closeOff(link: Element): void {
  const address = link.getAttribute('href') ?? '';
  if (!SAFE_ADDRESS.test(address)) {
    link.removeAttribute('href');
  } else if (!address.startsWith('#')) {
    link.setAttribute('target', '_blank');
    link.setAttribute('rel', 'noopener noreferrer nofollow');
  } else {
    // Ids are stripped, so a fragment leads nowhere; under a hash router it would even change the screen.
    link.removeAttribute('href');
  }
}

function isCitation(button: Element): boolean {
  return button.getAttribute('class') === 'citation' && /^\d{1,3}$/.test(button.getAttribute('data-passage') ?? '');
}
