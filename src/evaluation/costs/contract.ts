/** A line of the price table, which the user fills in: what a hosted model takes per million tokens. */
export interface ModelPrice {
  model: string;
  /** In the table's currency, for a million tokens read and a million written. */
  inputPerMillion: number;
  outputPerMillion: number;
  /** When the price was looked up and where, in words. */
  note?: string;
}

export interface PriceTable {
  /** As it is printed before an amount: "USD", "€". */
  currency: string;
  prices: ModelPrice[];
}

/** Tokens of a question with its passages, and of its answer: means over questions. */
export interface TokensPerQuestion {
  prompt: number;
  output: number;
}
