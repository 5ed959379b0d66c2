/**
 * Path data of the icons, drawn for a 20 × 20 box with a 1.5 stroke and no fill. An entry may hold several paths in one
 * string. Add one only when a screen uses it.
 */
export const icons = {
  chat: 'M3.5 5.5a2 2 0 0 1 2-2h9a2 2 0 0 1 2 2v6a2 2 0 0 1-2 2H9l-3.5 3v-3a2 2 0 0 1-2-2z',
  library: 'M4 3.5h3v13H4zM7 3.5h3v13H7zM11.2 4.4l2.9-.8 3.1 12-2.9.8z',
  search: 'M9 3.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11zM13 13l3.5 3.5',
  datasets: 'M3.5 4.5h13v11h-13zM3.5 8h13M3.5 11.8h13M8 8v7.5',
  tune: 'M3.5 15.5c3 0 3-9 6.500-9s3 4 6.500 4M3.5 3.500v13h13',
  models:
    'M5.5 5.5h9v9h-9zM8.5 8.5h3v3h-3zM8 5.5v-2.5M12 5.5v-2.5M8 17v-2.5M12 17v-2.5M5.5 8h-2.5M5.5 12h-2.5M17 8h-2.5M17 12h-2.5',
  settings:
    'M3.5 6h6M13.5 6h3M3.5 14h3M10.5 14h6M11.5 4a2 2 0 1 1 0 4 2 2 0 0 1 0-4zM8.5 12a2 2 0 1 1 0 4 2 2 0 0 1 0-4z',
  plus: 'M10 4v12M4 10h12',
  minus: 'M4 10h12',
  close: 'M5 5l10 10M15 5L5 15',
  check: 'M4 10.5l4 4 8-9',
  chevronDown: 'M5.5 8l4.5 4.5L14.5 8',
  chevronUp: 'M5.5 12l4.5-4.5 4.5 4.5',
  chevronRight: 'M8 5.5l4.5 4.5L8 14.5',
  chevronLeft: 'M12 5.5L7.5 10l4.5 4.5',
  arrowUp: 'M10 16V4.5M5 9.5l5-5 5 5',
  arrowDown: 'M10 4v11.5M5 10.5l5 5 5-5',
  arrowRight: 'M4 10h11.5M10.5 5l5 5-5 5',
  stop: 'M6 6h8v8H6z',
  pause: 'M7 5v10M13 5v10',
  play: 'M6.5 4.5l9 5.5-9 5.5z',
  trash: 'M4 5.5h12M8 5.5v-2h4v2M5.5 5.5l.7 11h7.6l.7-11M8.5 8.5v5M11.5 8.5v5',
  edit: 'M12.5 4.5l3 3L7 16H4v-3zM10.5 6.5l3 3',
  download: 'M10 3.5v9M6 9l4 4 4-4M4 16.5h12',
  upload: 'M10 13V3.5M6 7.5l4-4 4 4M4 16.5h12',
  folder: 'M3 15.5v-11h5l2 2.5h7v8.5z',
  file: 'M5 3h6.5L15 6.5V17H5zM11.5 3v3.5H15',
  lock: 'M5 9h10v7.5H5zM7 9V6.5a3 3 0 0 1 6 0V9',
  globe: 'M10 3a7 7 0 1 1 0 14 7 7 0 0 1 0-14zM3 10h14M10 3c2.5 2.5 2.5 11.5 0 14M10 3c-2.5 2.5-2.5 11.5 0 14',
  copy: 'M7.5 7.5h9v9h-9zM12.5 7.5v-4h-9v9h4',
  more: 'M5 10h.010M10 10h.010M15 10h.010',
  thumbsUp:
    'M3.5 9h3v7h-3zM6.5 9.5l3-6c1.5 0 2 1.2 1.7 2.5L10.7 8h4.3c1.2 0 1.8 1 1.5 2l-1.3 4.7c-.2.8-.9 1.3-1.7 1.3h-7',
  thumbsDown:
    'M3.5 11h3V4h-3zM6.5 10.5l3 6c1.5 0 2-1.2 1.7-2.5L10.7 12h4.3c1.2 0 1.8-1 1.5-2l-1.3-4.7c-.2-.8-.9-1.3-1.7-1.3h-7',
  warning: 'M10 3.5l7 12.5H3zM10 8v4M10 14h.010',
  info: 'M10 3a7 7 0 1 1 0 14 7 7 0 0 1 0-14zM10 9.5V14M10 6.5h.010',
  refresh: 'M16 10a6 6 0 1 1-1.8-4.3M16.5 3v3.5H13',
  undo: 'M7 4L3.5 7.5 7 11M3.5 7.5h8a4.5 4.5 0 0 1 0 9H8',
  external: 'M11 4h5v5M16 4l-7 7M8 5H4v11h11v-4',
  panel: 'M3.5 4h13v12h-13zM12 4v12',
  sidebar: 'M3.5 4h13v12h-13zM8 4v12',
  list: 'M4 5.5h12M4 10h12M4 14.5h12',
  filter: 'M3.5 5h13l-5 6v4.5l-3 1.5v-6z',
  sun: 'M10 7a3 3 0 1 1 0 6 3 3 0 0 1 0-6zM10 2.5v1.5M10 16v1.5M2.5 10H4M16 10h1.5M4.7 4.7l1 1M14.3 14.3l1 1M4.7 15.3l1-1M14.3 5.7l1-1',
  moon: 'M16 12.5A6.5 6.5 0 0 1 7.5 4 6.5 6.5 0 1 0 16 12.5z',
  quote: 'M4 13.5c2 0 3.5-1 3.5-3.5V6H4v4h2M11.5 13.5c2 0 3.5-1 3.5-3.5V6h-3.5v4h2',
  clock: 'M10 3a7 7 0 1 1 0 14 7 7 0 0 1 0-14zM10 6v4l2.5 2',
  device: 'M3 4.5h14v9H3zM7 16.5h6M10 13.5v3',
  storage: 'M4 5.5c0-2.7 12-2.7 12 0v9c0 2.7-12 2.7-12 0zM4 5.5c0 2.7 12 2.7 12 0M4 10c0 2.7 12 2.7 12 0',
  jobs: 'M3.5 5h9M3.5 10h13M3.5 15h6',
  user: 'M10 4a3 3 0 1 1 0 6 3 3 0 0 1 0-6zM4 16.5c1-5 11-5 12 0',
  key: 'M7 9a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7zM9.5 10.5l7-7M14 6l2 2',
  workspace: 'M3.5 6.5L10 3l6.5 3.5L10 10zM3.5 10L10 13.5l6.5-3.5M3.5 13.5L10 17l6.5-3.5',
} as const;

export type IconName = keyof typeof icons;
