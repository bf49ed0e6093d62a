export class CompletionsCommand {}
