/** What is needed to talk to an endpoint. */
export interface EndpointConnection {
  /** Ends before `/chat/completions`. */
  baseUrl: string;
  model: string;
  apiKey?: string;
}
