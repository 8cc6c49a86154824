"""The guided screen of `egret site commission`: Textual over what `edge.field.commissioner` does."""
