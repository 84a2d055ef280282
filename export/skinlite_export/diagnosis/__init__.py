"""What an app got wrong, by the tensors that it fed and got."""
