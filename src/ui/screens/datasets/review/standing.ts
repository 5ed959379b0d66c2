import type { IconName } from '../../../components/icons.ts';
import type { Standing } from './review-filter.ts';

export const standings: readonly { standing: Standing; label: string; icon: IconName | null }[] = [
  { standing: 'open', label: 'Open', icon: null },
  { standing: 'accepted', label: 'Accepted', icon: 'check' },
  { standing: 'rejected', label: 'Rejected', icon: 'close' },
  { standing: 'removed', label: 'Removed by a rule', icon: 'filter' },
];

export const wordsOf = (standing: Standing) => standings.find((known) => known.standing === standing)!;
